"""The torchao backend of qrecipe: folders that transformers loads with torchao's tensor classes."""
