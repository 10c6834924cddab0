"""Every bug that the simulation has to find."""

from tests.runtime.simulation.mutants.clients import CLIENTS
from tests.runtime.simulation.mutants.core import CORE
from tests.runtime.simulation.mutants.durable import DURABLE
from tests.runtime.simulation.mutants.limits import LIMITS
from tests.runtime.simulation.mutants.outputs import OUTPUTS
from tests.runtime.simulation.mutants.webhooks import WEBHOOKS

MUTANTS = (*CORE, *CLIENTS, *OUTPUTS, *LIMITS, *WEBHOOKS, *DURABLE)
