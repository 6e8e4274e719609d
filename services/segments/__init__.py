"""Segments: which groups is a shopper in, now?"""
