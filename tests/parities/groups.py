"""All probes, in the page's order."""

from parities.cells import ASKING, HELPING, RUNNING, SHOWING, STOPPING
from parities.files import FILES
from parities.machine import MACHINE
from parities.magics import MAGICS, WIDGETS

GROUPS = (RUNNING, STOPPING, ASKING, SHOWING, HELPING, FILES, WIDGETS, MAGICS, MACHINE)
