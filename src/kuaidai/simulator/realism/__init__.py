"""How real the synthetic bank is: a drop against published facts and against real invoices."""
