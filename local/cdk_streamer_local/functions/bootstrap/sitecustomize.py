"""Python runs this first in every process of the engine; in a worker it hides the engine.

A package that a function's asset forgot must be missing here as it will be in Lambda. The
bootstrap adds what Lambda's runtime brings.
"""

import os
import sys

if "_LAMBDA_FUNCTION_ARN" in os.environ:
    sys.path[:] = [place for place in sys.path if not place.startswith(sys.prefix + os.sep)]
