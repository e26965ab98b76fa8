"""Does the importer, with the shipped mixtures, choose llama-quantize's type for every tensor of random models?"""
