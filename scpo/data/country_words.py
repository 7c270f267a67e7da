"""Words for countries that the standard's tables (pycountry) do not hold: usual spellings of surveys, and adjectives.

Each line of a table: an ISO 3166-1 alpha-3 code, then words separated by ` | `. Case, accents, dots and the order of
words do not count, nor do `the`, `of` and `and`; `rep`, `dem`, `st`, `s`, `n` are read in full (see `countries.words`).
"""

SPELLINGS = """
ARE UAE | Emirates
BIH Bosnia | Bosnia Herzegovina
BLR Byelorussia
BRN Brunei
CAF CAR | Central Africa
CHN PRC | Mainland China | China Mainland
CIV Ivory Coast | Cote dIvoire
COD DR Congo | DRC | D R Congo | Congo Kinshasa | Congo DR | Zaire | Democratic Congo
COG Congo Brazzaville | Congo Rep
CPV Cape Verde
CUW Curacao
CZE Czech Republic | Czech
FLK Falkland Islands | Falklands | Malvinas
FSM Micronesia | Micronesia Fed Sts
GBR UK | Britain | Great Britain | England | Scotland | Wales | Northern Ireland
GNB Guinea Bissau
HKG Hong Kong | Hong Kong SAR | Hong Kong SAR China | Hong Kong China
IRL Republic of Ireland | Eire
KOR Korea | South Korea | ROK
KNA St Kitts Nevis
LAO Laos | Lao | Lao PDR
LBY Libyan Arab Jamahiriya
MAC Macau | Macau SAR | Macao SAR | Macau SAR China | Macao SAR China | Macao China
MKD Macedonia | FYROM | FYR Macedonia | Macedonia FYR | Former Yugoslav Republic of Macedonia
MMR Burma | Myanmar Burma
NLD Holland | The Netherlands
PRK North Korea | DPRK
PSE Palestine | Palest Ter | Palestinian Territories | Palestinian Territory | Occupied Palestinian Territory | \
West Bank and Gaza | Palestine State
REU Reunion
RUS Russia
SAU KSA
SHN Saint Helena
SRB Republic of Serbia
STP Sao Tome
SVK Slovakia
SWZ Swaziland
SYR Syria
TLS East Timor | Timor Leste
TTO Trinidad
TUR Turkey | Turkiye | Türkiye
TWN Taiwan | Taiwan ROC | Chinese Taipei | Taiwan China
TZA Tanzania
USA USA | US | United States | America | United States America
VAT Vatican | Vatican City | Holy See
VCT St Vincent | St Vincent Grenadines
VEN Venezuela | Venezuela RB
VGB British Virgin Islands
VIR US Virgin Islands | Virgin Islands US
VNM Vietnam
WLF Wallis Futuna
"""

ADJECTIVES = """
AFG Afghan
AGO Angolan
ALB Albanian
AND Andorran
ARE Emirati
ARG Argentine | Argentinian | Argentinean
ARM Armenian
AUS Australian | Aussie
AUT Austrian
AZE Azerbaijani | Azeri
BDI Burundian
BEL Belgian
BEN Beninese
BFA Burkinabe
BGD Bangladeshi
BGR Bulgarian
BHR Bahraini
BHS Bahamian
BIH Bosnian
BLR Belarusian | Belarussian
BLZ Belizean
BOL Bolivian
BRA Brazilian
BRB Barbadian
BRN Bruneian
BTN Bhutanese
BWA Botswanan | Motswana
CAF Central African
CAN Canadian
CHE Swiss
CHL Chilean
CHN Chinese
CIV Ivorian
CMR Cameroonian
COL Colombian
COM Comorian
CPV Cape Verdean
CRI Costa Rican
CUB Cuban
CYP Cypriot
CZE Czech
DEU German
DJI Djiboutian
DNK Danish | Dane
DZA Algerian
ECU Ecuadorian | Ecuadorean
EGY Egyptian
ERI Eritrean
ESP Spanish | Spaniard
EST Estonian
ETH Ethiopian
FIN Finnish | Finn
FJI Fijian
FRA French
GAB Gabonese
GBR British | Briton
GEO Georgian
GHA Ghanaian
GIN Guinean
GMB Gambian
GRC Greek
GRD Grenadian
GTM Guatemalan
GUY Guyanese
HKG Hong Konger
HND Honduran
HRV Croatian | Croat
HTI Haitian
HUN Hungarian
IDN Indonesian
IND Indian
IRL Irish
IRN Iranian
IRQ Iraqi
ISL Icelandic | Icelander
ISR Israeli
ITA Italian
JAM Jamaican
JOR Jordanian
JPN Japanese
KAZ Kazakh | Kazakhstani
KEN Kenyan
KGZ Kyrgyz
KHM Cambodian
KOR Korean | South Korean
KWT Kuwaiti
LAO Laotian
LBN Lebanese
LBR Liberian
LBY Libyan
LKA Sri Lankan
LTU Lithuanian
LUX Luxembourgish | Luxembourger
LVA Latvian
MAR Moroccan
MDA Moldovan
MDG Malagasy
MDV Maldivian
MEX Mexican
MKD Macedonian | North Macedonian
MLI Malian
MLT Maltese
MMR Burmese
MNE Montenegrin
MNG Mongolian
MOZ Mozambican
MRT Mauritanian
MUS Mauritian
MWI Malawian
MYS Malaysian
NAM Namibian
NER Nigerien
NGA Nigerian
NIC Nicaraguan
NLD Dutch
NOR Norwegian
NPL Nepali | Nepalese
NZL New Zealander | Kiwi
OMN Omani
PAK Pakistani
PAN Panamanian
PER Peruvian
PHL Filipino | Filipina | Philippine
PNG Papua New Guinean
POL Polish | Pole
PRI Puerto Rican
PRK North Korean
PRT Portuguese
PRY Paraguayan
PSE Palestinian
QAT Qatari
ROU Romanian
RUS Russian
RWA Rwandan
SAU Saudi | Saudi Arabian
SDN Sudanese
SEN Senegalese
SGP Singaporean
SLE Sierra Leonean
SLV Salvadoran | Salvadorian
SOM Somali
SRB Serbian | Serb
SSD South Sudanese
SUR Surinamese
SVK Slovak | Slovakian
SVN Slovenian | Slovene
SWE Swedish | Swede
SWZ Swazi
SYR Syrian
TCD Chadian
TGO Togolese
THA Thai
TJK Tajik
TKM Turkmen
TLS Timorese | East Timorese
TTO Trinidadian
TUN Tunisian
TUR Turkish | Turk
TWN Taiwanese
TZA Tanzanian
UGA Ugandan
UKR Ukrainian
URY Uruguayan
USA American | US American
UZB Uzbek
VEN Venezuelan
VNM Vietnamese
YEM Yemeni
ZAF South African
ZMB Zambian
ZWE Zimbabwean
"""

# Answers to 'Which country?' that name none, in lower case, without blanks, dots and brackets at their ends.
NO_COUNTRY = """
none | nan | n/a | n.a | na/ | null | nil | unknown | undefined | unspecified | missing | blank | ? | other | others
other country | another country | other countries | somewhere else | elsewhere in the world
prefer not to say | i prefer not to say | prefer not to answer | prefer not to disclose | prefer not to respond
rather not say | i'd rather not say | decline to answer | decline to say | declined | refused | refuse to answer
no answer | no response | not answered | not stated | not specified | not given | not told | not disclosed
not available | not applicable | not known | not asked | don't know | dont know | do not know | dk | dk/refused
don't know/refused | none of these | none of the above | no country | stateless | <na> | na/na | #n/a | nowhere
"""
