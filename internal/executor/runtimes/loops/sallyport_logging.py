"""Lambda's handler for the root logger."""

import sys

import sallyport_loop


def prepare(logging):
    """Gives the root logger Lambda's handler, before the function sees the module."""

    class LambdaLoggerHandler(logging.Handler):
        def emit(self, record):
            try:
                line = self.format(record)
                sys.stdout.write(line if line.endswith("\n") else line + "\n")
            except Exception:
                self.handleError(record)

    class LambdaLoggerFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = sallyport_loop.request_id or ""
            return True

    formatter = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = sallyport_loop.time.gmtime
    handler = LambdaLoggerHandler()
    handler.setFormatter(formatter)
    handler.addFilter(LambdaLoggerFilter())
    logging.root.addHandler(handler)
