namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>A folder of its own for the files of one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Location = Directory.CreateTempSubdirectory("amc-serialization-").FullName;

    public string Location { get; }

    public string this[string name] => Path.Combine(Location, name);

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Location, recursive: true);
}
