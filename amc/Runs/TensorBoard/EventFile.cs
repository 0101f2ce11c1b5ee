using AmcEngine.Files;

namespace AmcEngine.Amc.Runs.TensorBoard;

/// <summary>
/// A file of events that TensorBoard reads beside those that are there: numbers by step and pictures. A run that goes
/// on has a new file, which says from which step on what the older ones hold is void.
/// </summary>
internal sealed class EventFile : IDisposable
{
    /// <summary>How the names of such files begin; TensorBoard reads them in the order of their names.</summary>
    public const string Prefix = "events.out.tfevents.";

    // Numbers of the fields, and of a value, in TensorFlow's event.proto and summary.proto.
    private const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, SessionLog = 7;
    private const int SummaryValue = 1, ValueTag = 1, ValueNumber = 2, ValueImage = 4;
    private const int ImageHeight = 1, ImageWidth = 2, ImageColours = 3, ImageFile = 4;
    private const int SessionStatus = 1, StatusStart = 1;
    private const int Rgb = 3;

    private readonly FileStream _stream;

    private EventFile(FileStream stream) => _stream = stream;

    /// <summary>Starts a new file in a run's folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="firstStep">
    /// The first step that will be written; what older files hold from there on is void.
    /// </param>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static EventFile Start(string folder, int firstStep)
    {
        var events = new EventFile(Create(folder));
        try
        {
            events.Write(new ProtoMessage().Double(WallTime, Now()).Text(FileVersion, "brain.Event:2"));
            if (firstStep > 1)
            {
                var log = new ProtoMessage().Integer(SessionStatus, StatusStart);
                events.Write(
                    new ProtoMessage().Double(WallTime, Now()).Integer(Step, firstStep).Message(SessionLog, log));
            }
            return events;
        }
        catch
        {
            events.Dispose();
            throw;
        }
    }

    /// <summary>The files of that kind in a folder.</summary>
    public static IEnumerable<string> In(string folder) =>
        Directory.EnumerateFiles(folder, Prefix + "*").Where(
            f => !f.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal));

    /// <summary>Adds numbers of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="numbers">What each is called, with "/" between group and name, and the number.</param>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public void Write(int step, IEnumerable<(string Tag, double Value)> numbers)
    {
        var summary = new ProtoMessage();
        foreach ((var tag, var value) in numbers)
            summary.Message(SummaryValue, new ProtoMessage().Text(ValueTag, tag).Single(ValueNumber, (float)value));
        Write(step, summary);
    }

    /// <summary>Adds a picture of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="tag">What it is called.</param>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    /// <param name="png">The bytes of a PNG file.</param>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public void WriteImage(int step, string tag, int width, int height, ReadOnlySpan<byte> png)
    {
        var image = new ProtoMessage().Integer(ImageHeight, height).Integer(ImageWidth, width)
            .Integer(ImageColours, Rgb).Block(ImageFile, png);
        Write(step, new ProtoMessage().Message(
            SummaryValue, new ProtoMessage().Text(ValueTag, tag).Message(ValueImage, image)));
    }

    /// <summary>Takes a closed file away.</summary>
    public void Delete() => File.Delete(_stream.Name);

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void Write(int step, ProtoMessage summary) =>
        Write(new ProtoMessage().Double(WallTime, Now()).Integer(Step, step).Message(Summary, summary));

    private void Write(ProtoMessage message)
    {
        var before = _stream.Position;
        try
        {
            _stream.Write(RecordFrame.Of(message.Bytes));
        }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException)
        {
            // Half a record would hide all that follow.
            _stream.SetLength(before);
            throw new FileWriteException(_stream.Name, e);
        }
    }

    // Seconds since 1970, and a number where there is a file of that second.
    private static FileStream Create(string folder)
    {
        var seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        for (var number = 0; ; number++)
        {
            var path = Path.Combine(folder, FormattableString.Invariant($"{Prefix}{seconds:D10}.amcx.{number}"));
            try
            {
                // Without a buffer: a record that the disk has no space for is taken back.
                return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
            }
            catch (IOException) when (File.Exists(path) && number < 1000)
            {
                // The next number.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new FileWriteException(path, e);
            }
        }
    }

    private static double Now() => (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds;
}
