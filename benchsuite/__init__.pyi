from benchsuite.door import Experiment as Experiment
from benchsuite.door import Results as Results
from benchsuite.door import load as load
from benchsuite.door import run as run

__version__: str
