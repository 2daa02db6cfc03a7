"""Pod to containers: step.py decides purely, run.py acts on the runtime."""
