//! Countries as telephony knows them: what is dialed for each, and its name.
//!
//! The codes are those of ITU-T E.164, the names short English ones after ISO 3166. A country has an
//! identifier of its own because several share a code: it is the code for the first of them, and the code
//! times a hundred and a count for the others.

/// A country (RASCTRYINFO).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country {
    /// dwCountryID: never 0.
    pub id: u32,
    /// dwCountryCode: what is dialed before the area code.
    pub code: u32,
    /// Its name in English.
    pub name: &'static str,
}

impl Country {
    /// The country of this identifier; the first one is 1.
    pub fn by_id(id: u32) -> Option<Self> {
        let at = COUNTRIES.binary_search_by_key(&id, |(id, ..)| *id).ok()?;
        Self::at(at)
    }

    /// The identifier behind this country's (dwNextCountryID); 0 behind the last.
    pub fn next_id(self) -> u32 {
        let next = COUNTRIES.partition_point(|(id, ..)| *id <= self.id);
        COUNTRIES.get(next).map_or(0, |(id, ..)| *id)
    }

    /// All of them, by ascending identifier.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..COUNTRIES.len()).filter_map(Self::at)
    }

    fn at(at: usize) -> Option<Self> {
        COUNTRIES.get(at).map(|(id, code, name)| Self { id: *id, code: *code, name })
    }
}

/// Identifier, code, name; by ascending identifier.
#[rustfmt::skip]
const COUNTRIES: &[(u32, u32, &str)] = &[
    (1, 1, "United States of America"), (7, 7, "Russian Federation"), (20, 20, "Egypt"),
    (27, 27, "South Africa"), (30, 30, "Greece"), (31, 31, "Netherlands"), (32, 32, "Belgium"),
    (33, 33, "France"), (34, 34, "Spain"), (36, 36, "Hungary"), (39, 39, "Italy"),
    (40, 40, "Romania"), (41, 41, "Switzerland"), (43, 43, "Austria"), (44, 44, "United Kingdom"),
    (45, 45, "Denmark"), (46, 46, "Sweden"), (47, 47, "Norway"), (48, 48, "Poland"),
    (49, 49, "Germany"), (51, 51, "Peru"), (52, 52, "Mexico"), (53, 53, "Cuba"),
    (54, 54, "Argentina"), (55, 55, "Brazil"), (56, 56, "Chile"), (57, 57, "Colombia"),
    (58, 58, "Venezuela"), (60, 60, "Malaysia"), (61, 61, "Australia"), (62, 62, "Indonesia"),
    (63, 63, "Philippines"), (64, 64, "New Zealand"), (65, 65, "Singapore"), (66, 66, "Thailand"),
    (81, 81, "Japan"), (82, 82, "Korea (Republic of)"), (84, 84, "Viet Nam"), (86, 86, "China"),
    (90, 90, "Türkiye"), (91, 91, "India"), (92, 92, "Pakistan"), (93, 93, "Afghanistan"),
    (94, 94, "Sri Lanka"), (95, 95, "Myanmar"), (98, 98, "Iran"), (101, 1, "Canada"),
    (102, 1, "Anguilla"), (103, 1, "Antigua and Barbuda"), (104, 1, "Bahamas"),
    (105, 1, "Barbados"), (106, 1, "Bermuda"), (107, 1, "Virgin Islands (British)"),
    (108, 1, "Cayman Islands"), (109, 1, "Dominica"), (110, 1, "Dominican Republic"),
    (111, 1, "Grenada"), (112, 1, "Jamaica"), (113, 1, "Montserrat"), (114, 1, "Puerto Rico"),
    (115, 1, "Saint Kitts and Nevis"), (116, 1, "Saint Lucia"),
    (117, 1, "Saint Vincent and the Grenadines"), (118, 1, "Sint Maarten"),
    (119, 1, "Trinidad and Tobago"), (120, 1, "Turks and Caicos Islands"),
    (121, 1, "Virgin Islands (U.S.)"), (122, 1, "American Samoa"), (123, 1, "Guam"),
    (124, 1, "Northern Mariana Islands"), (211, 211, "South Sudan"), (212, 212, "Morocco"),
    (213, 213, "Algeria"), (216, 216, "Tunisia"), (218, 218, "Libya"), (220, 220, "Gambia"),
    (221, 221, "Senegal"), (222, 222, "Mauritania"), (223, 223, "Mali"), (224, 224, "Guinea"),
    (225, 225, "Côte d'Ivoire"), (226, 226, "Burkina Faso"), (227, 227, "Niger"),
    (228, 228, "Togo"), (229, 229, "Benin"), (230, 230, "Mauritius"), (231, 231, "Liberia"),
    (232, 232, "Sierra Leone"), (233, 233, "Ghana"), (234, 234, "Nigeria"), (235, 235, "Chad"),
    (236, 236, "Central African Republic"), (237, 237, "Cameroon"), (238, 238, "Cabo Verde"),
    (239, 239, "Sao Tome and Principe"), (240, 240, "Equatorial Guinea"), (241, 241, "Gabon"),
    (242, 242, "Congo"), (243, 243, "Congo (Democratic Republic of the)"), (244, 244, "Angola"),
    (245, 245, "Guinea-Bissau"), (246, 246, "British Indian Ocean Territory"),
    (248, 248, "Seychelles"), (249, 249, "Sudan"), (250, 250, "Rwanda"), (251, 251, "Ethiopia"),
    (252, 252, "Somalia"), (253, 253, "Djibouti"), (254, 254, "Kenya"), (255, 255, "Tanzania"),
    (256, 256, "Uganda"), (257, 257, "Burundi"), (258, 258, "Mozambique"), (260, 260, "Zambia"),
    (261, 261, "Madagascar"), (262, 262, "Réunion"), (263, 263, "Zimbabwe"),
    (264, 264, "Namibia"), (265, 265, "Malawi"), (266, 266, "Lesotho"), (267, 267, "Botswana"),
    (268, 268, "Eswatini"), (269, 269, "Comoros"),
    (290, 290, "Saint Helena, Ascension and Tristan da Cunha"), (291, 291, "Eritrea"),
    (297, 297, "Aruba"), (298, 298, "Faroe Islands"), (299, 299, "Greenland"),
    (350, 350, "Gibraltar"), (351, 351, "Portugal"), (352, 352, "Luxembourg"),
    (353, 353, "Ireland"), (354, 354, "Iceland"), (355, 355, "Albania"), (356, 356, "Malta"),
    (357, 357, "Cyprus"), (358, 358, "Finland"), (359, 359, "Bulgaria"), (370, 370, "Lithuania"),
    (371, 371, "Latvia"), (372, 372, "Estonia"), (373, 373, "Moldova"), (374, 374, "Armenia"),
    (375, 375, "Belarus"), (376, 376, "Andorra"), (377, 377, "Monaco"), (378, 378, "San Marino"),
    (380, 380, "Ukraine"), (381, 381, "Serbia"), (382, 382, "Montenegro"), (385, 385, "Croatia"),
    (386, 386, "Slovenia"), (387, 387, "Bosnia and Herzegovina"), (389, 389, "North Macedonia"),
    (420, 420, "Czechia"), (421, 421, "Slovakia"), (423, 423, "Liechtenstein"),
    (500, 500, "Falkland Islands (Malvinas)"), (501, 501, "Belize"), (502, 502, "Guatemala"),
    (503, 503, "El Salvador"), (504, 504, "Honduras"), (505, 505, "Nicaragua"),
    (506, 506, "Costa Rica"), (507, 507, "Panama"), (508, 508, "Saint Pierre and Miquelon"),
    (509, 509, "Haiti"), (590, 590, "Guadeloupe"), (591, 591, "Bolivia"), (592, 592, "Guyana"),
    (593, 593, "Ecuador"), (594, 594, "French Guiana"), (595, 595, "Paraguay"),
    (596, 596, "Martinique"), (597, 597, "Suriname"), (598, 598, "Uruguay"),
    (599, 599, "Curaçao"), (670, 670, "Timor-Leste"), (672, 672, "Norfolk Island"),
    (673, 673, "Brunei Darussalam"), (674, 674, "Nauru"), (675, 675, "Papua New Guinea"),
    (676, 676, "Tonga"), (677, 677, "Solomon Islands"), (678, 678, "Vanuatu"), (679, 679, "Fiji"),
    (680, 680, "Palau"), (681, 681, "Wallis and Futuna"), (682, 682, "Cook Islands"),
    (683, 683, "Niue"), (685, 685, "Samoa"), (686, 686, "Kiribati"), (687, 687, "New Caledonia"),
    (688, 688, "Tuvalu"), (689, 689, "French Polynesia"), (690, 690, "Tokelau"),
    (691, 691, "Micronesia (Federated States of)"), (692, 692, "Marshall Islands"),
    (701, 7, "Kazakhstan"), (850, 850, "Korea (Democratic People's Republic of)"),
    (852, 852, "Hong Kong"), (853, 853, "Macao"), (855, 855, "Cambodia"),
    (856, 856, "Lao People's Democratic Republic"), (880, 880, "Bangladesh"),
    (886, 886, "Taiwan"), (960, 960, "Maldives"), (961, 961, "Lebanon"), (962, 962, "Jordan"),
    (963, 963, "Syrian Arab Republic"), (964, 964, "Iraq"), (965, 965, "Kuwait"),
    (966, 966, "Saudi Arabia"), (967, 967, "Yemen"), (968, 968, "Oman"),
    (970, 970, "Palestine, State of"), (971, 971, "United Arab Emirates"), (972, 972, "Israel"),
    (973, 973, "Bahrain"), (974, 974, "Qatar"), (975, 975, "Bhutan"), (976, 976, "Mongolia"),
    (977, 977, "Nepal"), (992, 992, "Tajikistan"), (993, 993, "Turkmenistan"),
    (994, 994, "Azerbaijan"), (995, 995, "Georgia"), (996, 996, "Kyrgyzstan"),
    (998, 998, "Uzbekistan"), (3901, 39, "Holy See"), (4401, 44, "Guernsey"),
    (4402, 44, "Isle of Man"), (4403, 44, "Jersey"), (4701, 47, "Svalbard and Jan Mayen"),
    (6101, 61, "Christmas Island"), (6102, 61, "Cocos (Keeling) Islands"),
    (21201, 212, "Western Sahara"), (26201, 262, "Mayotte"), (35801, 358, "Åland Islands"),
    (59001, 590, "Saint Barthélemy"), (59002, 590, "Saint Martin (French part)"),
    (59901, 599, "Bonaire, Sint Eustatius and Saba"), (67201, 672, "Antarctica"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn all_are_met_by_walking_from_1_to_0() {
        let mut met = Vec::new();
        let mut id = 1;
        while id != 0 {
            let country = Country::by_id(id).unwrap();
            assert_eq!(country.id, id);
            met.push(country);
            id = country.next_id();
        }
        assert_eq!(met, Country::all().collect::<Vec<_>>());
        assert!(met.len() > 230, "{}", met.len());
    }

    #[test]
    fn identifiers_and_names_are_given_once_and_codes_are_codes() {
        let names: HashSet<_> = Country::all().map(|country| country.name).collect();
        assert_eq!(names.len(), Country::all().count());
        for country in Country::all() {
            assert!((1..1000).contains(&country.code), "{country:?}");
            assert!(country.id == country.code || country.id / 100 == country.code, "{country:?}");
            assert!(!country.name.is_empty() && country.name.trim() == country.name);
            // What is asked with a buffer of 256 octets gets its name, in either width.
            assert!(country.name.encode_utf16().count() < 64, "{country:?}");
        }
        // A code is no beginning of another one (E.164): digits dialed mean one country.
        let codes: HashSet<_> = Country::all().map(|country| country.code.to_string()).collect();
        for code in &codes {
            let longer = codes.iter().find(|other| *other != code && other.starts_with(code));
            assert_eq!(longer, None, "{code}");
        }
    }

    #[test]
    fn known_ones_are_right_and_unknown_ones_are_none() {
        let of = |id| Country::by_id(id).map(|country| (country.code, country.name));
        assert_eq!(of(1), Some((1, "United States of America")));
        assert_eq!(of(49), Some((49, "Germany")));
        assert_eq!(of(101), Some((1, "Canada")));
        assert_eq!(of(852), Some((852, "Hong Kong")));
        assert_eq!(of(0), None);
        assert_eq!(of(2), None);
        assert_eq!(of(u32::MAX), None);
    }
}
