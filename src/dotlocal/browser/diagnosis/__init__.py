"""From an observation to ranked causes, each with who must act and how. Pure: `diagnose` is the way in."""

from dotlocal.browser.diagnosis.cause import Cause
from dotlocal.browser.diagnosis.judge import Diagnosis, View, diagnose

__all__ = ["Cause", "Diagnosis", "View", "diagnose"]
