"""The way in for customers and events: a spreadsheet read row by row, judged, and remembered.

import_customers    engine.flows.intake.customers
import_events       engine.flows.intake.events
"""
