from benchsuite.functions.audit import audit as audit
from benchsuite.functions.compare import compare as compare
from benchsuite.functions.completion import completion as completion
from benchsuite.functions.experiment import Experiment as Experiment
from benchsuite.functions.list_plugins import list_plugins as list_plugins
from benchsuite.functions.plan import plan_experiment as plan_experiment
from benchsuite.functions.plan import status as status
from benchsuite.functions.report import report as report
from benchsuite.functions.rerun import rerun as rerun
from benchsuite.functions.results import Results as Results
from benchsuite.functions.run import load as load
from benchsuite.functions.run import run as run
from benchsuite.functions.show_plugin import show_plugin as show_plugin
from benchsuite.functions.verify import verify as verify
from benchsuite_data_verbs.data_export import data_export as data_export
from benchsuite_data_verbs.data_import import data_import as data_import
from benchsuite_data_verbs.data_show import data_show as data_show
from benchsuite_data_verbs.data_verify import data_verify as data_verify
from benchsuite_doctor.doctor import doctor as doctor
from benchsuite_interchange.audit_split import audit_split as audit_split
from benchsuite_interchange.score import score as score
from benchsuite_saved.recommend import recommend as recommend
from benchsuite_saved.train import train as train
from benchsuite_testing.check import check as check
from benchsuite_testing.new_plugin import new_plugin as new_plugin

__version__: str
