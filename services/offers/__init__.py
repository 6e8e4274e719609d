"""offers: what should this shopper see?"""
