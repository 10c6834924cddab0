"""Python runs this first in every process of the engine; in a worker it hides the engine.

A package that a function's asset forgot must be missing here as it will be in Lambda, and no
variable of the engine may mean something to a function. The bootstrap adds what Lambda's runtime
brings, and the engine's worker sets the function's own variables after this.
"""

import os
import sys

if "_LAMBDA_FUNCTION_ARN" in os.environ:
    sys.path[:] = [place for place in sys.path if not place.startswith(sys.prefix + os.sep)]
    for name in os.environ.pop("CDK_STREAMER_LOCAL_HIDDEN", "").split():
        os.environ.pop(name, None)
