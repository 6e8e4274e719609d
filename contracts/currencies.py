"""The currencies of ISO 4217: today's, and those withdrawn since 1998 so that history can load.

And the signs of currencies, as shops' programs write them beside an amount.
"""

from __future__ import annotations

from collections.abc import Mapping

_TODAY = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW
KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN
NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW
UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
_WITHDRAWN = """
ANG ATS BEF BYR CUC CYP DEM EEK ESP FIM FRF GHC GRD HRK IEP ITL LTL LUF LVL MRO MTL MZM NLG PTE
ROL SIT SKK SLL STD TRL VEB VEF ZMK ZWL
"""

CURRENCIES = frozenset(_TODAY.split()) | frozenset(_WITHDRAWN.split())

# A sign stands for every currency that is written with it: `kr` is one of five.
_SIGNS = """
€ EUR
$ ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD USD UYU XCD
US$ USD
U$S USD
A$ AUD
AU$ AUD
C$ CAD NIO
CA$ CAD
NZ$ NZD
HK$ HKD
S$ SGD
NT$ TWD
MX$ MXN
R$ BRL
£ EGP FKP GBP GIP LBP SDG SHP SSP SYP
¥ CNY JPY
￥ CNY JPY
元 CNY TWD
円 JPY
₹ INR
RS INR LKR MUR NPR PKR SCR
₩ KRW KPW
₽ RUB
РУБ RUB
₴ UAH
₺ TRY
TL TRY TRL
₪ ILS
₫ VND
Đ VND
₱ CUP PHP
฿ THB
₦ NGN
₡ CRC SVC
₲ PYG
₵ GHS
₸ KZT
₼ AZN
₾ GEL
KR DKK EEK ISK NOK SEK
KČ CZK
FT HUF
ZŁ PLN
LEI MDL RON
ЛВ BGN
FR CHF FRF BEF XAF XOF
SFR CHF
RM MYR
RP IDR
R ZAR
"""  # noqa: E501 - one line a sign

SIGNS: Mapping[str, frozenset[str]] = {
    sign: frozenset(codes)
    for sign, *codes in (line.split() for line in _SIGNS.strip().splitlines())
}
"""The currencies that are written with a sign or a short name, which is in capitals here."""


def currencies_of(sign: str) -> frozenset[str]:
    """The currencies that a code, a sign or a short name can mean; none of what is no such."""
    name = sign.strip().rstrip(".").upper()
    return frozenset({name}) if name in CURRENCIES else SIGNS.get(name, frozenset())
