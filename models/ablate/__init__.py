"""What each part of the formulation is worth: equal trainings that each lack one, scored side by side."""
