/* FUNCTION(name, number of parameters): what rasdlg.spec exports. */
FUNCTION(RasDialDlgA, 4)
FUNCTION(RasDialDlgW, 4)
FUNCTION(RasEntryDlgA, 3)
FUNCTION(RasEntryDlgW, 3)
FUNCTION(RasPhonebookDlgA, 3)
FUNCTION(RasPhonebookDlgW, 3)
