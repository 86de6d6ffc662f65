"""What is known about businesses: bulk data (lake), reports collected for one applicant (sources), and features."""
