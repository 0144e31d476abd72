"""The verbs of ``benchsuite data``: what a data set holds, whether it is as published, import and export."""
