using System.Text;

namespace AmcEngine.Tests.Amc.Runs;

/// <summary>What a value of an event holds.</summary>
/// <param name="Tag">Its name.</param>
/// <param name="Number">Its number; NaN for a picture.</param>
/// <param name="Image">Height, width, colours and bytes of a picture; null for a number.</param>
internal sealed record EventValue(
    string Tag, float Number, (long Height, long Width, long Colours, byte[] File)? Image);

/// <summary>An event.</summary>
internal sealed record LoggedEvent(
    double Time, long Step, string? Version, long? SessionStatus, IReadOnlyList<EventValue> Values);

/// <summary>
/// Reads TensorBoard's files with nothing of the writer: lengths and checksums (by a table of the polynomial
/// 0x82F63B78) are compared, and fields are told by the numbers of TensorFlow's event.proto and summary.proto.
/// </summary>
internal static class EventFileReader
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(i =>
    {
        var value = (uint)i;
        for (var bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? 0x82F63B78 ^ value >> 1 : value >> 1;
        return value;
    })];

    /// <summary>All events of a file.</summary>
    /// <exception cref="InvalidDataException">A checksum is wrong, or a record is cut off.</exception>
    public static IReadOnlyList<LoggedEvent> Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        List<LoggedEvent> events = [];
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)BitConverter.ToUInt64(bytes, at);
            Check(bytes.AsSpan(at, 8), BitConverter.ToUInt32(bytes, at + 8));
            var record = bytes.AsSpan(at + 12, length).ToArray();
            Check(record, BitConverter.ToUInt32(bytes, at + 12 + length));
            events.Add(Event(Fields(record)));
            at += length + 16;
        }
        return events;
    }

    /// <summary>The checksum of bytes as a record file holds it.</summary>
    public static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
            crc = Table[(crc ^ value) & 0xFF] ^ crc >> 8;
        crc ^= uint.MaxValue;
        return unchecked((crc >> 15 | crc << 17) + 0xA282EAD8);
    }

    private static void Check(ReadOnlySpan<byte> bytes, uint checksum)
    {
        if (Masked(bytes) != checksum)
            throw new InvalidDataException("a checksum is wrong");
    }

    private static LoggedEvent Event(ILookup<int, object> fields) => new(
        (double)fields[1].Single(), (long?)fields[2].SingleOrDefault() ?? 0,
        fields[3].SingleOrDefault() is byte[] version ? Encoding.UTF8.GetString(version) : null,
        fields[7].SingleOrDefault() is byte[] log ? (long)Fields(log)[1].Single() : null,
        [.. fields[5].SelectMany(s => Fields((byte[])s)[1]).Select(v => Value(Fields((byte[])v)))]);

    private static EventValue Value(ILookup<int, object> fields)
    {
        var tag = Encoding.UTF8.GetString((byte[])fields[1].Single());
        if (fields[4].SingleOrDefault() is not byte[] picture)
            return new EventValue(tag, (float)fields[2].Single(), null);
        var image = Fields(picture);
        return new EventValue(tag, float.NaN,
            ((long)image[1].Single(), (long)image[2].Single(), (long)image[3].Single(), (byte[])image[4].Single()));
    }

    private static ILookup<int, object> Fields(byte[] message)
    {
        List<(int Field, object Value)> fields = [];
        for (var at = 0; at < message.Length;)
        {
            var tag = Number(message, ref at);
            object value;
            switch (tag & 7)
            {
                case 0:
                    value = Number(message, ref at);
                    break;
                case 1:
                    value = BitConverter.ToDouble(message, at);
                    at += 8;
                    break;
                case 2:
                    var length = (int)Number(message, ref at);
                    value = message[at..(at + length)];
                    at += length;
                    break;
                case 5:
                    value = BitConverter.ToSingle(message, at);
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag & 7}");
            }
            fields.Add(((int)(tag >> 3), value));
        }
        return fields.ToLookup(f => f.Field, f => f.Value);
    }

    private static long Number(byte[] message, ref int at)
    {
        long value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            value |= (long)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
    }
}
