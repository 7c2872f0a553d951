"""Tables as people have them: each with what is beside it, what is written for it, and what must come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TWO = {"0.png": "cat", "1.png": "dog"}
PLAIN = "image,label\n0.png,cat\n1.png,dog\n"
INSECTS = "image,label\nÄpfel/ü.png,Käfer\nb/é.png,Mücke\n"
UMLAUTS = {"Äpfel/ü.png": "Käfer", "b/é.png": "Mücke"}
TWO_INSECTS = ("Käfer", "Mücke")
ONE_HOT = "image,MEL,NV,BCC\n0.png,0.0,1.0,0.0\n1.png,1.0,0.0,0.0\n2.png,0.0,0.0,1.0\n"
SKIN = {"0.png": "NV", "1.png": "MEL", "2.png": "BCC"}
HAM = "lesion_id,image_id,dx,age\nL1,ISIC_1,nv,50\nL1,ISIC_2,nv,50\nL2,ISIC_3,mel,\n"
PARTS = {"part_1/ISIC_1.jpg": "nv", "part_1/ISIC_2.jpg": "nv", "part_2/ISIC_3.jpg": "mel"}
PHOTOS = "image,patient\n0.png,p2\n1.png,p1\n2.png,p1\n"
PATIENTS = "patient,sex\np1,f\np2,m\np3,f\n"
LABELS = "image,label\n2.png,cat\n0.png,dog\n1.png,cat\n"
JOINED = {"0.png": "dog", "1.png": "cat", "2.png": "cat"}


@dataclass(frozen=True)
class Case:
    """A table.

    Attributes
    ----------
    words
        What the page calls it.
    table
        Its text or bytes.
    images
        The file of each image, below the folder of the table, and the label that must come out, in this order.
    keys
        What is written in the configuration; ``{here}`` stands for the folder.
    name
        Of the file.
    beside
        Further files that are there: tables with their text, and images.
    classes
        In their order.
    metadata
        Columns that are no role, with the cells that must come out.
    notes
        A part of each sentence that must be said, in this order.
    refused
        A part of the sentence that refuses it; empty where it is read.
    """

    words: str
    table: str | bytes
    images: Mapping[str, str] = field(default_factory=lambda: TWO)
    keys: Mapping[str, Any] = field(default_factory=dict)
    name: str = "t.csv"
    beside: Mapping[str, str | None] = field(default_factory=dict)
    classes: tuple[str, ...] = ("cat", "dog")
    metadata: Mapping[str, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: str = ""


LAYOUT = [
    Case(
        "empty rows and columns at the end, as Excel writes them",
        "image,label,age,,\n0.png,cat,3,,\n1.png,dog,4,,\n,,,,\n,,,,\n",
        metadata={"age": ["3", "4"]},
        notes=("left out without a name or value: 2 rows, 2 columns",),
    ),
    Case("delimiters at the end of rows alone", "image,label\n0.png,cat,,\n1.png,dog,\n"),
    Case(
        "blanks around names and cells",
        " image , label ,age\n 0.png ,\tcat, 3\n1.png,  dog ,4 \n",
        metadata={"age": ["3", "4"]},
    ),
    Case(
        "a cell with line breaks, commas and quotes",
        'image,label,text\n0.png,cat,"one\ntwo, three"\n1.png,dog,"say ""x"""\n',
        metadata={"text": ["one\ntwo, three", 'say "x"']},
    ),
    Case(
        "a cell with line breaks as on old Macs",
        'image,label,text\n0.png,cat,"one\rtwo"\n1.png,dog,three\n',
        metadata={"text": ["one\rtwo", "three"]},
    ),
    Case(
        "a column whose name has a line break",
        'image,label,"age\n(years)"\n0.png,cat,3\n1.png,dog,4\n',
        metadata={"age (years)": ["3", "4"]},
    ),
    Case(
        "a column of numbers without a name, as pandas writes it",
        ",image,label\n0,0.png,cat\n1,1.png,dog\n",
        metadata={"column_1": ["0", "1"]},
        notes=("a column without a name is called 'column_1'",),
    ),
    Case("empty lines before the header", f"\n,,\n{PLAIN}"),
    Case("lines that end as in Windows", PLAIN.replace("\n", "\r\n")),
    Case("lines that end as on old Macs", PLAIN.replace("\n", "\r")),
    Case("Excel's first line `sep=;`", "sep=;\nimage;label\n0.png;cat\n1.png;dog\n"),
    Case(
        "semicolons and decimal commas",
        "image;label;age;size\n0.png;cat;3,5;1.234,25\n1.png;dog;4;-0,5\n",
        metadata={"age": ["3.5", "4"], "size": ["1234.25", "-0.5"]},
        notes=(
            "t.csv is read with semicolons between its cells",
            "numbers with decimal commas are in column age, size: 3,5 is 3.5",
        ),
    ),
    Case("tabs, `.tsv`", PLAIN.replace(",", "\t"), name="t.tsv"),
    Case("tabs, `.tab`", PLAIN.replace(",", "\t"), name="t.TAB"),
    Case("tabs, `.txt`", PLAIN.replace(",", "\t"), name="t.txt", notes=("t.txt is read with tabs between its cells",)),
    Case("bars", PLAIN.replace(",", "|"), notes=("t.csv is read with bars between its cells",)),
    Case(
        "semicolons inside labels and names, between commas",
        "image,label,size;unit\n0.png,cat;x,3;mm\n1.png,dog;y,4;mm\n",
        {"0.png": "cat;x", "1.png": "dog;y"},
        classes=("cat;x", "dog;y"),
        metadata={"size;unit": ["3;mm", "4;mm"]},
    ),
    Case(
        "a header that could be divided in two ways, with `delimiter: tab`",
        "pic\tkind,of\n0.png\tcat\n1.png\tdog\n",
        keys={"delimiter": "tab", "columns": {"image": "pic", "label": "kind,of"}},
    ),
    Case("UTF-8", INSECTS, UMLAUTS, classes=TWO_INSECTS),
    Case("UTF-8 with its mark", INSECTS.encode("utf-8-sig"), UMLAUTS, classes=TWO_INSECTS),
    Case("UTF-16 with its mark", b"\xff\xfe" + INSECTS.encode("utf-16-le"), UMLAUTS, classes=TWO_INSECTS),
    Case("UTF-16 with its mark, big-endian", b"\xfe\xff" + INSECTS.encode("utf-16-be"), UMLAUTS, classes=TWO_INSECTS),
    Case(
        "UTF-16 with tabs, which Excel calls Unicode text",
        INSECTS.replace(",", "\t").encode("utf-16"),
        UMLAUTS,
        name="t.txt",
        classes=TWO_INSECTS,
        notes=("t.txt is read with tabs between its cells",),
    ),
    Case(
        "UTF-16 without a mark, with `encoding: utf-16-le`",
        INSECTS.encode("utf-16-le"),
        UMLAUTS,
        {"encoding": "utf-16-le"},
        classes=TWO_INSECTS,
    ),
    Case(
        "Latin-1, or cp1252 of Windows",
        INSECTS.encode("latin-1"),
        UMLAUTS,
        classes=TWO_INSECTS,
        notes=("t.csv is no UTF-8 and is read as cp1252 (Windows, Western Europe), such as 'Äpfel'",),
    ),
    Case(
        "another encoding, with `encoding: cp1251`",
        "image,label\n0.png,кошка\n1.png,собака\n".encode("cp1251"),
        {"0.png": "кошка", "1.png": "собака"},
        {"encoding": "cp1251"},
        classes=("кошка", "собака"),
    ),
]

PATHS = [
    Case(
        "backslashes",
        "image,label\nimages\\0.png,cat\n.\\images\\1.png,dog\n",
        {"images/0.png": "cat", "images/1.png": "dog"},
        notes=("paths with \\ are read with / (2, such as images\\0.png)",),
    ),
    Case(
        "`./` and `../` at the beginning",
        "image,label\n./0.png,cat\n./a/../1.png,dog\n",
        beside={"a/x.png": None},
    ),
    Case("paths from the top of the computer", "image,label\n{here}/0.png,cat\n{here}/1.png,dog\n"),
    Case(
        "ids without suffix",
        "image,label\na.b/0,cat\na.b/1.x,dog\n",
        {"a.b/0.JPG": "cat", "a.b/1.x.png": "dog"},
        beside={"a.b/0.txt": "no image", "a.b/1.jpg": None},
        notes=("names without a suffix are taken for the only image of that name (2, such as 0.JPG for a.b/0)",),
    ),
    Case(
        "ids without suffix, with `suffix: .jpg`",
        "image,label\n0,cat\n1,dog\n",
        {"0.jpg": "cat", "1.jpg": "dog"},
        {"suffix": ".jpg"},
        beside={"0.png": None},
    ),
    Case(
        "ids without suffix in several folders, with `root: [part_1, part_2]`",
        HAM,
        PARTS,
        {"root": ["{here}/part_1", "{here}/part_2"]},
        classes=("mel", "nv"),
        metadata={"lesion_id": ["L1", "L1", "L2"], "age": ["50", "50", ""]},
        notes=(
            "column 'image_id' is taken for the image",
            "column 'dx' is taken for the label",
            "names without a suffix are taken for the only image of that name (3, such as ISIC_1.jpg for ISIC_1)",
        ),
    ),
    Case(
        "a suffix, or a name, with other capital letters",
        "image,label\n0.jpg,cat\nimg_1.png,dog\n",
        {"0.JPG": "cat", "IMG_1.png": "dog"},
        notes=("names are taken that are spelt otherwise in the folder (2, such as 0.JPG for 0.jpg)",),
    ),
    Case(
        "letters with accents, as a Mac writes names of files",
        "image,label\n\u00fc.png,cat\n1.png,dog\n",
        {"u\u0308.png": "cat", "1.png": "dog"},
        notes=("names are taken that are spelt otherwise in the folder (1, such as ",),
    ),
]

COLUMNS = [
    Case(
        "usual names: `image_id`, `id_code`, `File Name`, …; `dx`, `target`, `Class`, …",
        "File Name,Class\n0.png,cat\n1.png,dog\n",
        notes=("column 'File Name' is taken for the image", "column 'Class' is taken for the label"),
    ),
    Case(
        "columns `image` and `label` beside others with usual names",
        "path,image,label,dx\nx,0.png,cat,a\ny,1.png,dog,b\n",
        metadata={"table_path": ["x", "y"], "dx": ["a", "b"]},
        notes=("column 'path' is called 'table_path'",),
    ),
    Case(
        "a column for each class with one 1 in each row, as ISIC's ground truth",
        ONE_HOT,
        SKIN,
        classes=("MEL", "NV", "BCC"),
        notes=("columns MEL, NV, BCC are taken for the classes: each row has one 1 among them",),
    ),
    Case(
        "the same with `True` and `False`, and other columns",
        "image,age,b,a\n0.png,40,True,False\n1.png,1,FALSE,TRUE\n",
        {"0.png": "b", "1.png": "a"},
        classes=("b", "a"),
        metadata={"age": ["40", "1"]},
        notes=("columns b, a are taken for the classes",),
    ),
    Case(
        "the same with decimal commas",
        ONE_HOT.replace(",", ";").replace(".0", ",0"),
        SKIN,
        classes=("MEL", "NV", "BCC"),
        notes=("semicolons", "columns MEL, NV, BCC are", "in column MEL, NV, BCC: 0,0 is 0.0"),
    ),
    Case(
        "the same with a class that no image has",
        ONE_HOT.replace("\n", ",0\n").replace("BCC,0", "BCC,UNK"),
        SKIN,
        classes=("MEL", "NV", "BCC"),
        notes=("columns MEL, NV, BCC, UNK are taken", "left out as a class without an image: column UNK"),
    ),
    Case(
        "the same beside a flag, with `columns: {label: [NV, MEL, BCC]}`",
        ONE_HOT.replace("\n", ",1\n").replace("BCC,1", "BCC,hair"),
        SKIN,
        {"columns": {"label": ["NV", "MEL", "BCC"]}},
        classes=("NV", "MEL", "BCC"),
        metadata={"hair": ["1", "1", "1"]},
    ),
    Case(
        "labels in a table of their own, with `join: [labels.csv]`",
        PHOTOS,
        JOINED,
        {"join": ["{here}/labels.csv"]},
        beside={"labels.csv": LABELS},
        metadata={"patient": ["p2", "p1", "p1"]},
    ),
    Case(
        "patients and labels in tables of their own, with `join: [labels.csv, patients.csv]`",
        PHOTOS,
        JOINED,
        {"join": ["{here}/labels.csv", "{here}/patients.csv"], "columns": {"id": "patient"}},
        beside={"labels.csv": LABELS, "patients.csv": PATIENTS},
        metadata={"sex": ["m", "f", "f"]},
        notes=("rows of patients.csv that belong to no image: 1 (p3)",),
    ),
    Case(
        "a key with two names, with `join: [{path: labels.csv, key: {image: file}}]`",
        PHOTOS,
        JOINED,
        {"join": [{"path": "{here}/labels.csv", "key": {"image": "file"}}]},
        beside={"labels.csv": LABELS.replace("image,", "file;").replace("png,", "png;")},
        metadata={"patient": ["p2", "p1", "p1"]},
        notes=("labels.csv is read with semicolons",),
    ),
    Case(
        "a key of two columns, with `join: [{path: eyes.csv, key: [patient, eye]}]`",
        "image,patient,eye\n0.png,1,l\n1.png,1,r\n",
        keys={"join": [{"path": "{here}/eyes.csv", "key": ["patient", "eye"]}]},
        beside={"eyes.csv": "eye,patient,label\nr,1,dog\nl,1,cat\n"},
        metadata={"patient": ["1", "1"], "eye": ["l", "r"]},
    ),
    Case(
        "tables that pandas has written with its count of the rows",
        ",image,patient\n0,0.png,p2\n1,1.png,p1\n2,2.png,p1\n",
        JOINED,
        {"join": ["{here}/labels.csv", "{here}/patients.csv"]},
        beside={
            "labels.csv": ",image,label\n0,2.png,cat\n1,0.png,dog\n2,1.png,cat\n",
            "patients.csv": "Unnamed: 0,patient,sex\n0,p1,f\n1,p2,m\n",
        },
        metadata={"column_1": ["0", "1", "2"], "patient": ["p2", "p1", "p1"], "sex": ["m", "f", "f"]},
        notes=(
            "a column without a name is called 'column_1'",
            "labels.csv: left out without a name or value: 1 column",
            "patients.csv: left out without a name or value: 1 column",
        ),
    ),
    Case(
        "patients of whom the second table lacks some",
        PHOTOS.replace("patient", "patient,label").replace("p2", "p2,dog").replace("p1", "p1,cat"),
        JOINED,
        {"join": ["{here}/patients.csv"]},
        beside={"patients.csv": "patient,sex\np1,f\n"},
        metadata={"patient": ["p2", "p1", "p1"], "sex": ["", "f", "f"]},
        notes=("patients.csv has no row for 1 of 3 images (p2): their cells are empty",),
    ),
]

READ = [*LAYOUT, *PATHS, *COLUMNS]

REFUSED = [
    Case(
        "a workbook of Excel",
        b"PK\x03\x04" + bytes(60),
        name="t.xlsx",
        refused="is no CSV file but a workbook of Excel",
    ),
    Case("an old workbook of Excel", b"\xd0\xcf\x11\xe0" + bytes(60), name="t.xls", refused="save the table as CSV"),
    Case("Parquet", b"PAR1" + bytes(60), name="t.parquet", refused="a file of Parquet: save it as CSV"),
    Case("JSON", ' [{"image": "0.png", "label": "cat"}]', name="t.json", refused="a file of JSON: save it as CSV"),
    Case(
        "JSON, a line for each image", '{"image": "0.png"}\n', name="t.jsonl", refused="a file of JSON: save it as CSV"
    ),
    Case("compressed by gzip", b"\x1f\x8b" + bytes(60), name="t.csv.gz", refused="compressed by gzip: unpack it"),
    Case("a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\n", refused="`git lfs pull` fetches it"),
    Case("a web page", "<!DOCTYPE html>\n<html></html>\n", refused="a web page"),
    Case("UTF-16 without a mark", INSECTS.encode("utf-16-le"), UMLAUTS, refused="such as utf-16-le"),
    Case(
        "an encoding of another part of the world",
        "image,label\n0.png,кошка\n1.png,собака\n".encode("cp1251"),
        refused="give its `encoding`",
    ),
    Case("UTF-8 with broken letters", INSECTS.encode() + b"c.png,\xff\n", UMLAUTS, refused="give its `encoding`"),
    Case(
        "a header that could be divided in two ways",
        "pic;kind,of\n0.png;cat\n1.png;dog\n",
        refused="can be divided at commas and at semicolons; give `delimiter`",
    ),
    Case("a row with more cells than names", f"{PLAIN}2.png,cat,x\n", refused="line 4: 3 values, the header names 2"),
    Case("a row with fewer cells than names", f"sep=,\n{PLAIN}2.png\n", refused="line 5: 1 values, the header names 2"),
    Case(
        "paths of another computer",
        "image,label\nC:\\data\\images\\0.png,cat\nC:\\data\\images\\1.png,dog\n",
        {"images/0.png": "cat", "images/1.png": "dog"},
        refused="'C:\\data\\images\\0.png' starts at the top of a computer and is not there; write 'images/0.png'",
    ),
    Case(
        "paths of another computer, to images that are not here",
        "image,label\n/home/x/a/7.png,cat\n",
        refused="write it as it is seen from the table's folder, or from `root`",
    ),
    Case(
        "addresses of images",
        "image,label\nhttps://x.org/0.png,cat\n",
        refused="'https://x.org/0.png' is an address: download the images, and write where they are",
    ),
    Case(
        "an id that is the name of two images",
        "image,label\n0,cat\n1,dog\n",
        beside={"0.jpg": None},
        refused="0.png; give `suffix`",
    ),
    Case(
        "an id that is in two folders of `root`",
        HAM,
        PARTS,
        {"root": ["{here}/part_1", "{here}/part_2"]},
        beside={"part_2/ISIC_1.jpg": None},
        refused="part_2/ISIC_1.jpg; name one `root`",
    ),
    Case(
        "one image under two names",
        "image,label\n0.png,cat\n0,dog\n",
        refused="is listed again in line 3, as cat and as dog",
    ),
    Case(
        "a folder of `root` that is not there",
        PLAIN,
        keys={"root": ["{here}", "{here}/part_2"]},
        refused="part_2' does not exist",
    ),
    Case(
        "two columns that could be the image",
        "path,filename,label\n0.png,0.png,cat\n1.png,1.png,dog\n",
        refused="columns 'path' and 'filename' could each be the image; name one by `columns: {image: …}`",
    ),
    Case(
        "two columns that could be the label",
        "image,dx,target\n0.png,cat,0\n1.png,dog,1\n",
        refused="columns 'dx' and 'target' could each be the label",
    ),
    Case(
        "no column that could be the image",
        "photograph,label\n0.png,cat\n1.png,dog\n",
        refused="column 'image' does not exist; there are: photograph, label",
    ),
    Case(
        "no line with names of columns",
        "0.png,cat\n1.png,dog\n",
        refused="the first line must name the columns, and it holds an image, 0.png",
    ),
    Case("no line but the names of columns", "image,label\n,,\n", refused="has a header but no row"),
    Case(
        "no column that could be the label",
        "image,finding\n0.png,cat\n1.png,dog\n",
        refused="column 'label' does not exist; there are: image, finding",
    ),
    Case(
        "columns of classes, and a row with none",
        ONE_HOT.replace("2.png,0.0,0.0,1.0", "2.png,0,0,0"),
        SKIN,
        refused="columns MEL, NV, BCC are not the classes, as line 4 has 0 of them",
    ),
    Case(
        "columns of classes, and a row with two",
        ONE_HOT.replace("1.png,1.0,0.0", "1.png,1.0,1.0"),
        SKIN,
        refused="columns MEL, NV, BCC are not the classes, as line 3 has 2 of them",
    ),
    Case(
        "columns of classes that are named, and a row with none",
        ONE_HOT.replace("2.png,0.0,0.0,1.0", "2.png,0,0,0"),
        SKIN,
        {"columns": {"label": ["MEL", "NV", "BCC"]}},
        refused="line 4: the image is of none of the classes MEL",
    ),
    Case(
        "columns of classes that are named, and a row with two",
        ONE_HOT.replace("1.png,1.0,0.0", "1.png,1.0,1.0"),
        SKIN,
        {"columns": {"label": ["MEL", "NV", "BCC"]}},
        refused="line 3: the image is of 2 classes, MEL and NV",
    ),
    Case(
        "columns of classes with shares",
        ONE_HOT.replace("1.png,1.0,0.0", "1.png,0.7,0.3"),
        SKIN,
        {"columns": {"label": ["MEL", "NV", "BCC"]}},
        refused="line 3: '0.7' in column 'MEL' is neither 0 nor 1",
    ),
    Case(
        "joined tables with a key twice",
        PHOTOS,
        JOINED,
        {"join": ["{here}/labels.csv"]},
        beside={"labels.csv": f"{LABELS}1.png,dog\n"},
        refused="labels.csv: column image is 1.png in line 4 and in line 5",
    ),
    Case(
        "joined tables with a further column in common",
        PHOTOS,
        JOINED,
        {"join": [{"path": "{here}/labels.csv", "key": "image"}]},
        beside={"labels.csv": LABELS.replace("label", "patient")},
        refused="both have column patient; take it out of one of them",
    ),
    Case(
        "joined tables with several columns in common",
        "image,label,age\n0.png,cat,1\n1.png,dog,2\n",
        keys={"join": ["{here}/ages.csv"]},
        beside={"ages.csv": "image,age,sex\n0.png,1,f\n1.png,2,m\n"},
        refused="have columns image, age in common; name one by `key`",
    ),
    Case(
        "joined tables with no column in common",
        PLAIN,
        keys={"join": ["{here}/patients.csv"]},
        beside={"patients.csv": PATIENTS},
        refused="have no column in common: image, label here and patient, sex there; name one by `key`",
    ),
    Case(
        "joined tables with no key in common",
        PHOTOS,
        JOINED,
        {"join": ["{here}/labels.csv"]},
        beside={"labels.csv": LABELS.replace(".png", "")},
        refused="labels.csv: no value of column image (2, 0, 1) is one of",
    ),
    Case(
        "joined tables, and an image without a label",
        PHOTOS,
        JOINED,
        {"join": ["{here}/labels.csv"]},
        beside={"labels.csv": LABELS.replace("0.png,dog\n", "")},
        refused="line 2: column 'label' is empty; labels.csv has no row for 1 of 3 images (0.png)",
    ),
    Case(
        "a joined table with a header alone",
        PLAIN,
        keys={"join": ["{here}/ages.csv"]},
        beside={"ages.csv": "image,age\n"},
        refused="ages.csv has a header but no row",
    ),
    Case(
        "a joined table that is a workbook of Excel",
        PLAIN,
        keys={"join": ["{here}/ages.csv"]},
        beside={"ages.csv": "PK\x03\x04"},
        refused="ages.csv is no CSV file but a workbook of Excel",
    ),
    Case(
        "a joined table that is not there",
        PLAIN,
        keys={"join": ["{here}/gone.csv"]},
        refused="gone.csv' does not exist",
    ),
]
