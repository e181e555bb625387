"""What leaves the engine: frames of forecasts and accuracy, factor importance, and pictures of them.

Belongs here: shaping and drawing results. Does not: computing a forecast.
"""
