"""What operators see: metrics, alarms and dashboards."""
