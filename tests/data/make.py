#!/usr/bin/env python3
"""Makes the files of this folder again: photos as phones take them, documents as agencies send them, and broken ones.

    python3 -m venv /tmp/data && /tmp/data/bin/pip install -r requirements.txt && /tmp/data/bin/python make.py

Everything is drawn from fixed seeds; README.md says what each file is for.
"""
import io
import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy
import piexif
import pillow_heif
from docx import Document
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

HERE = Path(__file__).resolve().parent
WHEN = "2024:11:04 09:31:07"


def save(name, data):
    (HERE / name).write_bytes(data)


def font(size):
    return ImageFont.load_default(size)


def boiler(width, height, seed):
    """A wall, a boiler with a red lamp and a leak below it, with a lamp's light and a sensor's noise."""
    noise = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    light = 1.15 - 0.6 * numpy.hypot((x - width * 0.35) / width, (y - height * 0.25) / height)
    wall = numpy.stack([light * 205, light * 196, light * 178], axis=-1)
    image = Image.fromarray(numpy.clip(wall, 0, 255).astype("uint8"))
    draw = ImageDraw.Draw(image)
    u = width / 100
    for i in range(0, 100, 12):
        draw.line([(i * u, 0), (i * u, height)], fill=(176, 168, 150), width=max(1, int(u / 5)))
    draw.rounded_rectangle([30 * u, 8 * u, 68 * u, 52 * u], radius=2 * u, fill=(238, 240, 241), outline=(140, 144, 148), width=max(1, int(u / 3)))
    draw.rectangle([36 * u, 38 * u, 62 * u, 46 * u], fill=(40, 46, 52))
    draw.text((38 * u, 39 * u), "F.28  0.3 bar", fill=(255, 92, 70), font=font(int(4 * u)))
    draw.ellipse([57 * u, 14 * u, 61 * u, 18 * u], fill=(226, 40, 30))
    for i, colour in enumerate([(184, 115, 51), (190, 120, 60), (120, 124, 128)]):
        draw.rectangle([(38 + 9 * i) * u, 52 * u, (40 + 9 * i) * u, height], fill=colour)
    draw.ellipse([44 * u, 66 * u, 78 * u, 72 * u], fill=(112, 128, 140))
    image = image.filter(ImageFilter.GaussianBlur(u / 14))
    grain = noise.normal(0, 1.6, (height // 2, width // 2, 1)).repeat(2, 0).repeat(2, 1)
    return Image.fromarray(numpy.clip(numpy.asarray(image) + grain, 0, 255).astype("uint8"))


def exif(orientation, model):
    """As a phone writes it: maker, time, and the place to a few metres (Birmingham, New Street)."""
    degrees = lambda value: [(int(value), 1), (int(value * 60 % 60), 1), (int(value * 3600 % 60 * 100), 100)]
    return piexif.dump({
        "0th": {piexif.ImageIFD.Make: b"PropOps", piexif.ImageIFD.Model: model, piexif.ImageIFD.Orientation: orientation,
                piexif.ImageIFD.DateTime: WHEN.encode(), piexif.ImageIFD.Software: b"17.6.1"},
        "Exif": {piexif.ExifIFD.DateTimeOriginal: WHEN.encode(), piexif.ExifIFD.BodySerialNumber: b"SN-4711-0815"},
        "GPS": {piexif.GPSIFD.GPSLatitudeRef: b"N", piexif.GPSIFD.GPSLatitude: degrees(52.47785),
                piexif.GPSIFD.GPSLongitudeRef: b"W", piexif.GPSIFD.GPSLongitude: degrees(1.89883)}})


def jpeg(image, **more):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=more.pop("quality", 78), **more)
    return out.getvalue()


def photos():
    upright = boiler(3024, 4032, 1)
    save("photo-rotated-gps.jpg", jpeg(upright.rotate(90, expand=True), exif=exif(6, b"Phone 15"), quality=60))
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    pillow_heif.from_pillow(boiler(2016, 1512, 2)).save(out, quality=45, exif=exif(1, b"Phone 15"))
    save("photo-gps.heic", out.getvalue())
    small = boiler(800, 600, 3)
    for name, kind, more in (("photo.webp", "WEBP", {"quality": 70}), ("photo.png", "PNG", {"optimize": True})):
        out = io.BytesIO()
        (small if kind == "WEBP" else small.resize((400, 300)).quantize(64).convert("RGBA")).save(out, kind, **more)
        save(name, out.getvalue())
    frames = []
    for i in range(4):
        frame = small.resize((320, 240))
        ImageDraw.Draw(frame).ellipse([200, 190 + 10 * i, 206, 200 + 10 * i], fill=(90, 130, 180))
        frames.append(frame.quantize(48))
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
    save("photo.gif", out.getvalue())
    still = jpeg(small.resize((640, 480)), exif=exif(1, b"Phone 9 Pro"))
    film = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp42") + struct.pack(">I4s", 2056, b"mdat") + bytes(range(256)) * 8
    save("photo-motion.jpg", still + film)
    save("photo-progressive.jpg", jpeg(small, progressive=True, exif=exif(3, b"Phone 8")))
    return still


def certificate(name, title, pages):
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=A4, invariant=1)
    for number in range(1, pages + 1):
        page.setFillColorRGB(0.12, 0.29, 0.46)
        page.rect(0, 780, 596, 62, stroke=0, fill=1)
        page.setFillColorRGB(1, 1, 1)
        page.setFont("Helvetica-Bold", 20)
        page.drawString(40, 803, title)
        page.setFillColorRGB(0.1, 0.1, 0.1)
        page.setFont("Helvetica", 11)
        for i, line in enumerate(("Certificate number: GSC-2024-004711", "Property: 14 Harborne Road, Birmingham B15 3AA",
                                  "Engineer: A. Novak, registration 512907", "Date of check: 4 November 2024",
                                  "Next check due by: 3 November 2025", "Appliance 1: combination boiler, kitchen. Result: pass",
                                  "Appliance 2: gas hob, kitchen. Result: pass", f"Page {number} of {pages}")):
            page.drawString(40, 740 - 22 * i, line)
        for i in range(60):
            page.line(300 + 2.2 * i, 420 + 18 * math.sin(i / 4), 300 + 2.2 * (i + 1), 420 + 18 * math.sin((i + 1) / 4))
        page.drawString(300, 380, "Signature of the engineer")
        page.showPage()
    page.save()
    save(name, out.getvalue())


def letter():
    document = Document()
    document.core_properties.author = "Acme Lettings"
    document.add_heading("Works order WO-001", 1)
    for text in ("Please attend 14 Harborne Road, Birmingham B15 3AA.", "The boiler shows F.28 and loses pressure.",
                 "Do not exceed 250 GBP without our agreement."):
        document.add_paragraph(text)
    out = io.BytesIO()
    document.save(out)
    with zipfile.ZipFile(out) as made:
        parts = [(name, made.read(name)) for name in made.namelist()]
    save("works-order.docx", archive(parts))
    return parts


def archive(parts):
    """A zip whose bytes do not depend on the day."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts:
            made.writestr(zipfile.ZipInfo(name, (2024, 11, 4, 9, 30, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def broken(still, parts):
    read = lambda name: (HERE / name).read_bytes()
    for name, source, share in (("truncated.jpg", "photo-progressive.jpg", 0.6), ("truncated.png", "photo.png", 0.7), ("truncated.pdf", "certificate.pdf", 0.8),
                                ("truncated.webp", "photo.webp", 0.5), ("truncated.heic", "photo-gps.heic", 0.2), ("truncated.gif", "photo.gif", 0.4),
                                ("truncated.docx", "works-order.docx", 0.5)):
        data = read(source)
        save(name, data[:int(len(data) * share)])
    damaged = bytearray(read("photo.png"))
    damaged[len(damaged) // 2] ^= 0x40
    save("damaged.png", bytes(damaged))
    side = 64250
    save("bomb.png", b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
         png_chunk(b"IDAT", zlib.compress(bytes(100_000), 9)) + png_chunk(b"IEND", b""))
    frame = still.index(b"\xff\xc0")
    save("bomb.jpg", still[:frame + 5] + struct.pack(">HH", side, side) + still[frame + 9:])
    gif = read("photo.gif")
    first = gif.index(b"\x2c", 13 + 3 * 2 ** ((gif[10] & 7) + 1))
    pixel = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x4c\x01\x00"
    save("bomb.gif", gif[:first] + pixel * 300 + b"\x3b")
    save("html.jpg", b"<!DOCTYPE html><html><body><script>alert(document.domain)</script></body></html>\n")
    save("polyglot.jpg", still + archive([("index.html", b"<script>alert(1)</script>")]))
    comment = b"%PDF-1.4\n1 0 obj<<>>endobj"
    save("polyglot-pdf.jpg", still[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + still[2:])
    save("junk-before.pdf", b"MZ\x90\x00 not a document\n" + read("certificate.pdf"))
    save("macros.docx", archive(parts + [("word/vbaProject.bin", b"\xd0\xcf\x11\xe0 macros")]))
    save("bomb.docx", archive(parts + [("word/media/image1.bmp", bytes(20_000_000))]))
    save("slip.docx", archive(parts + [("../../../etc/cron.d/x", b"* * * * * root true\n")]))
    save("script.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>\n')


def main():
    still = photos()
    certificate("certificate.pdf", "Gas safety record", 2)
    certificate("invoice.pdf", "Invoice INV-001", 1)
    parts = letter()
    save("meter-readings.csv", "date,meter,reading\r\n2024-11-04,gas,10472\r\n2024-11-04,electricity,88211\r\n".encode())
    save("note.txt", "Key safe at the side door. Ask for Mrs. Kowalska.\n".encode())
    broken(still, parts)


if __name__ == "__main__":
    main()
