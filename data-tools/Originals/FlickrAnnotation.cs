using System.Globalization;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;

namespace AmcEngine.DataTools;

/// <summary>
/// The boxes of a picture of Flickr30k Entities, by the number of the chain of phrases that they belong to. From
/// <c>Annotations/ID.xml</c>, whose corners count from 1; here they count from 0.
/// </summary>
internal sealed class FlickrAnnotation
{
    private readonly Dictionary<string, List<Box>> _boxes = new(StringComparer.Ordinal);

    /// <summary>Width of the picture in pixels, if it is told.</summary>
    public long? Width { get; private init; }

    /// <summary>Height of the picture in pixels, if it is told.</summary>
    public long? Height { get; private init; }

    /// <summary>Boxes whose corners are not four numbers.</summary>
    public int Malformed { get; private set; }

    /// <summary>The boxes of a chain; none where it has no box.</summary>
    public IReadOnlyList<Box> Boxes(string entity) => _boxes.GetValueOrDefault(entity) ?? [];

    /// <summary>Reads an XML file. Entities that expand are refused: a few lines can expand to gigabytes.</summary>
    /// <exception cref="DataException">The file is missing, or is not such XML.</exception>
    public static FlickrAnnotation Load(string path)
    {
        var root = ReadXml(path);
        if (root.Name.LocalName != "annotation")
            throw new DataException($"{path}: holds <{root.Name.LocalName}> instead of <annotation>; "
                + "give the XML of Flickr30k Entities as published.");
        var size = root.Element("size");
        FlickrAnnotation annotation =
            new() { Width = Whole(size?.Element("width")), Height = Whole(size?.Element("height")) };
        foreach (var item in root.Elements("object"))
        {
            // Objects outside of the picture and whole scenes have no box.
            if (item.Element("bndbox") is not { } box)
                continue;
            if (Whole(box.Element("xmin")) is { } x1 && Whole(box.Element("ymin")) is { } y1
                && Whole(box.Element("xmax")) is { } x2 && Whole(box.Element("ymax")) is { } y2)
            {
                foreach (var name in item.Elements("name"))
                    annotation.Add(name.Value.Trim(), new Box(x1 - 1, y1 - 1, x2 - 1, y2 - 1));
            }
            else
                annotation.Malformed++;
        }
        return annotation;
    }

    /// <summary>
    /// Reads a value of info-ground's <c>bounding_boxes_SPLIT.json</c>, whose corners count from 0 already.
    /// </summary>
    public static FlickrAnnotation Of(JsonElement value)
    {
        FlickrAnnotation annotation = new() { Width = value.Whole("width"), Height = value.Whole("height") };
        if (value.Field("boxes") is not { ValueKind: JsonValueKind.Object } boxes)
            return annotation;
        foreach (var entity in boxes.EnumerateObject())
        {
            if (NameOf(entity) is not { } name)
            {
                annotation.Malformed++;
                continue;
            }
            foreach (var box in entity.Value.ValueKind == JsonValueKind.Array
                ? [.. entity.Value.EnumerateArray()]
                : Array.Empty<JsonElement>())
            {
                var numbers = box.ValueKind == JsonValueKind.Array ? box.EnumerateArray().Select(n => n.AsNumber())
                    .ToArray() : [];
                if (numbers is [{ } x1, { } y1, { } x2, { } y2])
                    annotation.Add(name, new Box(x1, y1, x2, y2));
                else
                    annotation.Malformed++;
            }
        }
        return annotation;
    }

    // A name may hold half of a surrogate pair.
    private static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private void Add(string entity, Box box)
    {
        if (!_boxes.TryGetValue(entity, out var boxes))
            _boxes[entity] = boxes = [];
        boxes.Add(box);
    }

    private static XElement ReadXml(string path)
    {
        try
        {
            using var stream = OriginalFile.Open(path);
            using var reader = XmlReader.Create(
                stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return XDocument.Load(reader).Root!;
        }
        catch (XmlException e) when (e.Message.Contains("DTD", StringComparison.Ordinal))
        {
            throw new DataException($"{path}: the XML defines entities (a DTD), which is refused, "
                + "since they can expand without end; give the file as published.", e);
        }
        catch (XmlException e)
        {
            throw new DataException(string.Create(CultureInfo.InvariantCulture,
                $"{path}: not valid XML in line {e.LineNumber}; the file is cut off or damaged: fetch it again."), e);
        }
        catch (IOException e)
        {
            throw OriginalFile.Unreadable(path, e);
        }
    }

    private static long? Whole(XElement? element) =>
        long.TryParse(element?.Value.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
