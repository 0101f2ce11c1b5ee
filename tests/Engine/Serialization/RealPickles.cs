namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>
/// A dict that Python 3.11 pickled, of what people save beside their weights: an argparse.Namespace that holds another,
/// collections.Counter (also with tuples as keys), defaultdict and deque, pathlib, datetime, an enum, functools.partial,
/// operator.itemgetter, complex, range, slice, bytes, bytearray, sets, a dict with None as a key, Decimal, Fraction,
/// and part of the state of Python's random numbers.
/// </summary>
internal static class RealPickles
{
    /// <summary>In the protocol that torch.save uses.</summary>
    public static byte[] Protocol2 => Convert.FromBase64String(
        "gAJ9cQAoWAQAAABhcmdzcQFjYXJncGFyc2UKTmFtZXNwYWNlCnECKYFxA31xBChYAgAAAGxycQVHPxo24uscQy1YBgAAAGNvbmZpZ3EGWAYAAABjLnlhbWxxB1gGAAAAbmVzdGVkcQhoAimBcQl9cQ" +
        "pYAQAAAGFxC11xDChLAUsCZXNidWJYBwAAAGNvdW50ZXJxDWNjb2xsZWN0aW9ucwpDb3VudGVyCnEOfXEPKEsKSwFLFEsCdYVxEFJxEVgFAAAAcGFpcnNxEmgOfXETaAtLAYZxFEsDc4VxFVJxFlgH" +
        "AAAAZGVmYXVsdHEXY2NvbGxlY3Rpb25zCmRlZmF1bHRkaWN0CnEYY19fYnVpbHRpbl9fCmxpc3QKcRmFcRpScRtoC11xHEsBYXNYBQAAAHF1ZXVlcR1jY29sbGVjdGlvbnMKZGVxdWUKcR4pSwOGcR" +
        "9ScSAoSwFLAmVYBAAAAHBhdGhxIWNwYXRobGliClB1cmVQb3NpeFBhdGgKcSJYAQAAAC9xI2gLWAEAAABicSSHcSVScSZYBAAAAHdoZW5xJ2NkYXRldGltZQpkYXRldGltZQpxKGNfY29kZWNzCmVu" +
        "Y29kZQpxKVgLAAAAB8OoAQIDBAUAAABxKlgGAAAAbGF0aW4xcSuGcSxScS2FcS5ScS9YBAAAAGVudW1xMGNodHRwCkhUVFBTdGF0dXMKcTFLyIVxMlJxM1gHAAAAcGFydGlhbHE0Y2Z1bmN0b29scw" +
        "pwYXJ0aWFsCnE1Y19fYnVpbHRpbl9fCm1heApxNoVxN1JxOChoNil9cTlYAwAAAGtleXE6TnNOdHE7YlgGAAAAZ2V0dGVycTxjb3BlcmF0b3IKaXRlbWdldHRlcgpxPUsBhXE+UnE/WAcAAABjb21w" +
        "bGV4cUBjX19idWlsdGluX18KY29tcGxleApxQUc/8AAAAAAAAEdAAAAAAAAAAIZxQlJxQ1gFAAAAcmFuZ2VxRGNfX2J1aWx0aW5fXwp4cmFuZ2UKcUVLAEsDSwGHcUZScUdYBQAAAHNsaWNlcUhjX1" +
        "9idWlsdGluX18Kc2xpY2UKcUlLAUsCTodxSlJxS1gFAAAAYnl0ZXNxTGgpWAMAAAAAw79xTWgrhnFOUnFPWAUAAABhcnJheXFQY19fYnVpbHRpbl9fCmJ5dGVhcnJheQpxUWgpWAIAAABhYnFSaCuG" +
        "cVNScVSFcVVScVZYAwAAAHNldHFXY19fYnVpbHRpbl9fCnNldApxWF1xWShLAUsCZYVxWlJxW1gGAAAAZnJvemVucVxjX19idWlsdGluX18KZnJvemVuc2V0CnFdXXFeSwFLAoZxX2GFcWBScWFYCA" +
        "AAAG5vbmVfa2V5cWJ9cWMoTksBaF9LA1gBAAAAa3FkSwR1WAcAAABkZWNpbWFscWVjZGVjaW1hbApEZWNpbWFsCnFmWAMAAAAxLjVxZ4VxaFJxaVgIAAAAZnJhY3Rpb25xamNmcmFjdGlvbnMKRnJh" +
        "Y3Rpb24KcWtLAUsDhnFsUnFtWAYAAAByYW5kb21xbiiKBQAAAIAASubOhGGKBWO/YrYASpeISgKKBTWHSuQAigVktKeOAEotOVcLigV0r5TPAIoFoRsz9gCKBe0eZsoASuvfl31KHvK9WIoFqezp3w" +
        "CKBcZFStoASrHpjFSKBc+w7eMASq/bPDNKWWARVIoFzedDsQCKBR5E1PcAdHFvdS4=");

    /// <summary>In Python's default protocol.</summary>
    public static byte[] Protocol4 => Convert.FromBase64String(
        "gASVtgMAAAAAAAB9lCiMBGFyZ3OUjAhhcmdwYXJzZZSMCU5hbWVzcGFjZZSTlCmBlH2UKIwCbHKURz8aNuLrHEMtjAZjb25maWeUjAZjLnlhbWyUjAZuZXN0ZWSUaAQpgZR9lIwBYZRdlChLAUsCZX" +
        "NidWKMB2NvdW50ZXKUjAtjb2xsZWN0aW9uc5SMB0NvdW50ZXKUk5R9lChLCksBSxRLAnWFlFKUjAVwYWlyc5RoEn2UaA1LAYaUSwNzhZRSlIwHZGVmYXVsdJRoEIwLZGVmYXVsdGRpY3SUk5SMCGJ1" +
        "aWx0aW5zlIwEbGlzdJSTlIWUUpRoDV2USwFhc4wFcXVldWWUaBCMBWRlcXVllJOUKUsDhpRSlChLAUsCZYwEcGF0aJSMB3BhdGhsaWKUjA1QdXJlUG9zaXhQYXRolJOUjAEvlGgNjAFilIeUUpSMBH" +
        "doZW6UjAhkYXRldGltZZSMCGRhdGV0aW1llJOUQwoH6AECAwQFAAAAlIWUUpSMBGVudW2UjARodHRwlIwKSFRUUFN0YXR1c5STlEvIhZRSlIwHcGFydGlhbJSMCWZ1bmN0b29sc5SMB3BhcnRpYWyU" +
        "k5SMCGJ1aWx0aW5zlIwDbWF4lJOUhZRSlChoRCl9lIwDa2V5lE5zTnSUYowGZ2V0dGVylIwIb3BlcmF0b3KUjAppdGVtZ2V0dGVylJOUSwGFlFKUjAdjb21wbGV4lGgejAdjb21wbGV4lJOURz/wAA" +
        "AAAAAAR0AAAAAAAAAAhpRSlIwFcmFuZ2WUaB6MBXJhbmdllJOUSwBLA0sBh5RSlIwFc2xpY2WUaB6MBXNsaWNllJOUSwFLAk6HlFKUjAVieXRlc5RDAgD/lIwFYXJyYXmUaB6MCWJ5dGVhcnJheZST" +
        "lEMCYWKUhZRSlIwDc2V0lI+UKEsBSwKQjAZmcm96ZW6UKEsBSwKGlJGUjAhub25lX2tleZR9lChOSwFoaksDjAFrlEsEdYwHZGVjaW1hbJRob4wHRGVjaW1hbJSTlIwDMS41lIWUUpSMCGZyYWN0aW" +
        "9ulIwJZnJhY3Rpb25zlIwIRnJhY3Rpb26Uk5RLAUsDhpRSlIwGcmFuZG9tlCiKBQAAAIAASubOhGGKBWO/YrYASpeISgKKBTWHSuQAigVktKeOAEotOVcLigV0r5TPAIoFoRsz9gCKBe0eZsoASuvf" +
        "l31KHvK9WIoFqezp3wCKBcZFStoASrHpjFSKBc+w7eMASq/bPDNKWWARVIoFzedDsQCKBR5E1PcAdJR1Lg==");
}
