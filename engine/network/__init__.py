"""The one way out of the machine: fetching pages safely, and the open lane to a provider."""
