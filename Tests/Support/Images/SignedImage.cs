using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Support.Images;

/// <summary>A manifest of schema 1 with its signatures in it, as libtrust writes one.</summary>
/// <param name="Bytes">With the signatures.</param>
/// <param name="Digest">Of the text that was signed.</param>
internal sealed record SignedImage(byte[] Bytes, Digest Digest)
{
    public const string MediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    /// <summary>What is signed in the tests, without its end.</summary>
    public const string Begin = "{\n   \"schemaVersion\": 1,\n   \"name\": \"a/b\",\n   \"tag\": \"v1\",\n   \"fsLayers\": []";

    public const string Tail = "\n}";

    public static SignedImage Build(int padding = 0)
    {
        var begin = padding == 0 ? Begin : Begin[..^2] + $"[\"{new string('x', padding)}\"]";
        return new SignedImage(Text(begin, Signature(begin.Length, Tail)), TestBlob.Of(begin + Tail).Digest);
    }

    /// <summary>A beginning and signatures.</summary>
    public static byte[] Text(string begin, params IEnumerable<string> signatures) =>
        Encoding.UTF8.GetBytes($"{begin},\n   \"signatures\": [\n{string.Join(",\n", signatures)}\n   ]\n}}");

    /// <summary>A signature that tells how the text is made.</summary>
    public static string Signature(object length, string tail) =>
        Signature($$"""{"formatLength":{{length}},"formatTail":{{JsonSerializer.Serialize(Encode(tail))}},"time":"2015-01-01T00:00:00Z"}""");

    /// <summary>A signature with a protected header.</summary>
    public static string Signature(string header) =>
        $$"""      { "header": { "alg": "ES256", "jwk": { "kty": "EC" } }, "signature": "AAAA", "protected": "{{Encode(header)}}" }""";

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
