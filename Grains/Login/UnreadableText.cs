using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text.Json;
using System.Xml;
using Microsoft.IdentityModel.Tokens;

namespace RegistryProxy.Grains.Login;

/// <summary>
/// What parsers throw at a text that they cannot read. Whoever must be asked (a provider, a storage, a silo) fails in other ways, and what
/// it answers is read where it is asked.
/// </summary>
internal static class UnreadableText
{
    public static bool Is(Exception fault) => fault is not ObjectDisposedException
        && fault is FormatException or ArgumentException or ArithmeticException or InvalidOperationException or NotSupportedException
            or JsonException
            or XmlException or CryptographicException or AsnContentException or SecurityTokenException or InvalidDataException
                or IndexOutOfRangeException
            or KeyNotFoundException or InvalidCastException or NullReferenceException;

    /// <summary>Whether whoever reads it is at fault, too: operators are told.</summary>
    public static bool IsOurs(Exception fault) =>
        fault is IndexOutOfRangeException or InvalidCastException or NullReferenceException;
}
