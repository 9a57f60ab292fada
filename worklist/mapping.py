"""Modality Worklist attributes (PS3.4 Table K.6-1) by the attributes of a workitem (PS3.3 B.26).

Each row gives keyword, return type and sources: the first that has a value is matched and answered.
Read the other way, the first path of a row, or `search`, is what a server may be asked by.
"""

from worklist.rows import Column, Level
from worklist.sources import (
    asking_day,
    asking_modality,
    asking_station,
    end_date,
    end_time,
    midnight,
    modality_by_code,
    nothing,
    other_patient_ids,
    placeholder,
    start_date,
    start_time,
    station_ae,
    station_class,
    step_id,
    step_status,
    study_uid,
)

root, step = Column(Level.ROOT), Column(Level.STEP)

_RRS = "ReferencedRequestSequence."
_CODE = "ScheduledWorkitemCodeSequence"
_PERFORMER = "ScheduledHumanPerformersSequence."
_STATION = "ScheduledStationNameCodeSequence."
_STATION_CLASS = "ScheduledStationClassCodeSequence."
_LOCATION = "ScheduledStationGeographicLocationCodeSequence."

# fmt: off
STEP_ROWS = (
    step("Modality", "1", "Modality", station_class, modality_by_code,
         search=_STATION_CLASS + "CodeValue", fill=asking_modality),
    step("ReferencedDefinedProtocolSequence", "3", nothing),
    step("ReferencedPerformedProtocolSequence", "3", nothing),
    step("RequestedContrastAgent", "2C", nothing),
    step("ScheduledStationAETitle", "1", station_ae,
         search=_STATION + "CodeValue", fill=asking_station),
    step("ScheduledProcedureStepStartDate", "1", start_date, fill=asking_day),
    step("ScheduledProcedureStepStartTime", "1", start_time, fill=midnight),
    step("ScheduledProcedureStepEndDate", "3", end_date),
    step("ScheduledProcedureStepEndTime", "3", end_time),
    step("ScheduledPerformingPhysicianName", "2", _PERFORMER + "HumanPerformerName",
         _PERFORMER + "HumanPerformerCodeSequence.CodeMeaning"),
    step("ScheduledProcedureStepDescription", "1C", "ProcedureStepLabel", _CODE + ".CodeMeaning",
         _RRS + "RequestedProcedureDescription"),
    step("ScheduledProtocolCodeSequence", "1C", _CODE),
    step("ScheduledProcedureStepID", "1", "ScheduledProcedureStepID",
         _RRS + "ScheduledProcedureStepID", step_id),
    step("ScheduledStationName", "2", _STATION + "CodeMeaning"),
    step("ScheduledProcedureStepLocation", "2", _LOCATION + "CodeMeaning"),
    step("PreMedication", "2C", nothing),
    step("ScheduledProcedureStepStatus", "3", step_status),
    step("CommentsOnTheScheduledProcedureStep", "3"),
)

ROOT_ROWS = (
    # Requested Procedure and Imaging Service Request
    root("StudyDate", "3", nothing),
    root("StudyTime", "3", nothing),
    root("AccessionNumber", "2", _RRS + "AccessionNumber", "AccessionNumber"),
    root("IssuerOfAccessionNumberSequence", "3", _RRS + "IssuerOfAccessionNumberSequence"),
    root("ReferringPhysicianName", "2", _RRS + "ReferringPhysicianName", "ReferringPhysicianName"),
    root("ReferencedStudySequence", "2", nothing),
    root("ReferencedPatientSequence", "2", nothing),
    root("StudyInstanceUID", "1", _RRS + "StudyInstanceUID", "StudyInstanceUID", study_uid),
    root("RequestingPhysician", "2", _RRS + "RequestingPhysician", "RequestingPhysician"),
    root("RequestingService", "3", _RRS + "RequestingService", "RequestingService"),
    root("RequestedProcedureDescription", "1C", _RRS + "RequestedProcedureDescription",
         "ProcedureStepLabel", _CODE + ".CodeMeaning"),
    root("RequestedProcedureCodeSequence", "1C", _RRS + "RequestedProcedureCodeSequence"),
    root("RequestedProcedureID", "1", _RRS + "RequestedProcedureID", _RRS + "AccessionNumber",
         "AccessionNumber", "ScheduledProcedureStepID", _RRS + "ScheduledProcedureStepID", step_id),
    root("ReasonForTheRequestedProcedure", "3", _RRS + "ReasonForTheRequestedProcedure"),
    root("ReasonForRequestedProcedureCodeSequence", "3",
         _RRS + "ReasonForRequestedProcedureCodeSequence"),
    root("RequestedProcedurePriority", "2", "ScheduledProcedureStepPriority",
         spellings={"STAT": "HIGH", "ROUTINE": "MEDIUM"}),
    root("PatientTransportArrangements", "2"),
    root("RequestedProcedureComments", "3", _RRS + "RequestedProcedureComments"),
    root("ImagingServiceRequestComments", "3", _RRS + "ImagingServiceRequestComments"),
    root("PlacerOrderNumberImagingServiceRequest", "3",
         _RRS + "PlacerOrderNumberImagingServiceRequest"),
    root("FillerOrderNumberImagingServiceRequest", "3",
         _RRS + "FillerOrderNumberImagingServiceRequest"),
    # Visit
    root("AdmissionID", "2"),
    root("IssuerOfAdmissionIDSequence", "3"),
    root("CurrentPatientLocation", "2"),
    root("PatientState", "2"),
    root("SpecialNeeds", "2"),
    root("PertinentDocumentsSequence", "3"),
    # Patient
    root("PatientName", "1", fill=placeholder),
    root("PatientID", "1", also=other_patient_ids, fill=placeholder),
    root("IssuerOfPatientID", "3"),
    root("IssuerOfPatientIDQualifiersSequence", "3"),
    root("OtherPatientIDsSequence", "3"),
    root("PatientBirthDate", "2"),
    root("PatientSex", "2"),
    root("PatientSize", "3"),
    root("PatientWeight", "2"),
    root("PatientPrimaryLanguageCodeSequence", "3"),
    root("MedicalAlerts", "2"),
    root("Allergies", "2"),
    root("PregnancyStatus", "2"),
    root("ConfidentialityConstraintOnPatientDataDescription", "2"),
    # Scheduled Specimen
    root("BarcodeValue", "3"),
    root("ScheduledSpecimenSequence", "3"),
)
# fmt: on
