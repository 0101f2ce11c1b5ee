namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>
/// A dict that Python 3.11 pickled, of what people save beside their weights: an argparse.Namespace that holds another,
/// collections.Counter (also with tuples as keys), defaultdict and deque, pathlib, datetime, an enum,
/// functools.partial, operator.itemgetter, complex, range, slice, bytes, bytearray, sets, a dict with None as a key,
/// Decimal, Fraction, and part of the state of Python's random numbers.
/// </summary>
internal static class RealPickles
{
    /// <summary>In the protocol that torch.save uses.</summary>
    public static byte[] Protocol2 => Convert.FromBase64String(
        "gAJ9cQAoWAQAAABhcmdzcQFjYXJncGFyc2UKTmFtZXNwYWNlCnECKYFxA31xBChYAgAAAGxycQVHPxo24uscQy1YBgAAAGNvbmZpZ3EG" +
        "WAYAAABjLnlhbWxxB1gGAAAAbmVzdGVkcQhoAimBcQl9cQpYAQAAAGFxC11xDChLAUsCZXNidWJYBwAAAGNvdW50ZXJxDWNjb2xsZWN0" +
        "aW9ucwpDb3VudGVyCnEOfXEPKEsKSwFLFEsCdYVxEFJxEVgFAAAAcGFpcnNxEmgOfXETaAtLAYZxFEsDc4VxFVJxFlgHAAAAZGVmYXVs" +
        "dHEXY2NvbGxlY3Rpb25zCmRlZmF1bHRkaWN0CnEYY19fYnVpbHRpbl9fCmxpc3QKcRmFcRpScRtoC11xHEsBYXNYBQAAAHF1ZXVlcR1j" +
        "Y29sbGVjdGlvbnMKZGVxdWUKcR4pSwOGcR9ScSAoSwFLAmVYBAAAAHBhdGhxIWNwYXRobGliClB1cmVQb3NpeFBhdGgKcSJYAQAAAC9x" +
        "I2gLWAEAAABicSSHcSVScSZYBAAAAHdoZW5xJ2NkYXRldGltZQpkYXRldGltZQpxKGNfY29kZWNzCmVuY29kZQpxKVgLAAAAB8OoAQID" +
        "BAUAAABxKlgGAAAAbGF0aW4xcSuGcSxScS2FcS5ScS9YBAAAAGVudW1xMGNodHRwCkhUVFBTdGF0dXMKcTFLyIVxMlJxM1gHAAAAcGFy" +
        "dGlhbHE0Y2Z1bmN0b29scwpwYXJ0aWFsCnE1Y19fYnVpbHRpbl9fCm1heApxNoVxN1JxOChoNil9cTlYAwAAAGtleXE6TnNOdHE7YlgG" +
        "AAAAZ2V0dGVycTxjb3BlcmF0b3IKaXRlbWdldHRlcgpxPUsBhXE+UnE/WAcAAABjb21wbGV4cUBjX19idWlsdGluX18KY29tcGxleApx" +
        "QUc/8AAAAAAAAEdAAAAAAAAAAIZxQlJxQ1gFAAAAcmFuZ2VxRGNfX2J1aWx0aW5fXwp4cmFuZ2UKcUVLAEsDSwGHcUZScUdYBQAAAHNs" +
        "aWNlcUhjX19idWlsdGluX18Kc2xpY2UKcUlLAUsCTodxSlJxS1gFAAAAYnl0ZXNxTGgpWAMAAAAAw79xTWgrhnFOUnFPWAUAAABhcnJh" +
        "eXFQY19fYnVpbHRpbl9fCmJ5dGVhcnJheQpxUWgpWAIAAABhYnFSaCuGcVNScVSFcVVScVZYAwAAAHNldHFXY19fYnVpbHRpbl9fCnNl" +
        "dApxWF1xWShLAUsCZYVxWlJxW1gGAAAAZnJvemVucVxjX19idWlsdGluX18KZnJvemVuc2V0CnFdXXFeSwFLAoZxX2GFcWBScWFYCAAA" +
        "AG5vbmVfa2V5cWJ9cWMoTksBaF9LA1gBAAAAa3FkSwR1WAcAAABkZWNpbWFscWVjZGVjaW1hbApEZWNpbWFsCnFmWAMAAAAxLjVxZ4Vx" +
        "aFJxaVgIAAAAZnJhY3Rpb25xamNmcmFjdGlvbnMKRnJhY3Rpb24KcWtLAUsDhnFsUnFtWAYAAAByYW5kb21xbiiKBQAAAIAASubOhGGK" +
        "BWO/YrYASpeISgKKBTWHSuQAigVktKeOAEotOVcLigV0r5TPAIoFoRsz9gCKBe0eZsoASuvfl31KHvK9WIoFqezp3wCKBcZFStoASrHp" +
        "jFSKBc+w7eMASq/bPDNKWWARVIoFzedDsQCKBR5E1PcAdHFvdS4=");

    /// <summary>In Python's default protocol.</summary>
    public static byte[] Protocol4 => Convert.FromBase64String(
        "gASVtgMAAAAAAAB9lCiMBGFyZ3OUjAhhcmdwYXJzZZSMCU5hbWVzcGFjZZSTlCmBlH2UKIwCbHKURz8aNuLrHEMtjAZjb25maWeUjAZj" +
        "LnlhbWyUjAZuZXN0ZWSUaAQpgZR9lIwBYZRdlChLAUsCZXNidWKMB2NvdW50ZXKUjAtjb2xsZWN0aW9uc5SMB0NvdW50ZXKUk5R9lChL" +
        "CksBSxRLAnWFlFKUjAVwYWlyc5RoEn2UaA1LAYaUSwNzhZRSlIwHZGVmYXVsdJRoEIwLZGVmYXVsdGRpY3SUk5SMCGJ1aWx0aW5zlIwE" +
        "bGlzdJSTlIWUUpRoDV2USwFhc4wFcXVldWWUaBCMBWRlcXVllJOUKUsDhpRSlChLAUsCZYwEcGF0aJSMB3BhdGhsaWKUjA1QdXJlUG9z" +
        "aXhQYXRolJOUjAEvlGgNjAFilIeUUpSMBHdoZW6UjAhkYXRldGltZZSMCGRhdGV0aW1llJOUQwoH6AECAwQFAAAAlIWUUpSMBGVudW2U" +
        "jARodHRwlIwKSFRUUFN0YXR1c5STlEvIhZRSlIwHcGFydGlhbJSMCWZ1bmN0b29sc5SMB3BhcnRpYWyUk5SMCGJ1aWx0aW5zlIwDbWF4" +
        "lJOUhZRSlChoRCl9lIwDa2V5lE5zTnSUYowGZ2V0dGVylIwIb3BlcmF0b3KUjAppdGVtZ2V0dGVylJOUSwGFlFKUjAdjb21wbGV4lGge" +
        "jAdjb21wbGV4lJOURz/wAAAAAAAAR0AAAAAAAAAAhpRSlIwFcmFuZ2WUaB6MBXJhbmdllJOUSwBLA0sBh5RSlIwFc2xpY2WUaB6MBXNs" +
        "aWNllJOUSwFLAk6HlFKUjAVieXRlc5RDAgD/lIwFYXJyYXmUaB6MCWJ5dGVhcnJheZSTlEMCYWKUhZRSlIwDc2V0lI+UKEsBSwKQjAZm" +
        "cm96ZW6UKEsBSwKGlJGUjAhub25lX2tleZR9lChOSwFoaksDjAFrlEsEdYwHZGVjaW1hbJRob4wHRGVjaW1hbJSTlIwDMS41lIWUUpSM" +
        "CGZyYWN0aW9ulIwJZnJhY3Rpb25zlIwIRnJhY3Rpb26Uk5RLAUsDhpRSlIwGcmFuZG9tlCiKBQAAAIAASubOhGGKBWO/YrYASpeISgKK" +
        "BTWHSuQAigVktKeOAEotOVcLigV0r5TPAIoFoRsz9gCKBe0eZsoASuvfl31KHvK9WIoFqezp3wCKBcZFStoASrHpjFSKBc+w7eMASq/b" +
        "PDNKWWARVIoFzedDsQCKBR5E1PcAdJR1Lg==");
}
