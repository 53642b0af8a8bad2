using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Support.Images;

/// <summary>Bytes and the digest of them.</summary>
internal sealed record TestBlob(byte[] Bytes)
{
    public Digest Digest { get; } = Digest.Parse("sha256:" + Convert.ToHexStringLower(SHA256.HashData(Bytes)));

    public static TestBlob Of(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>Bytes that nothing compresses, the same for the same seed.</summary>
    public static TestBlob Random(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return new TestBlob(bytes);
    }
}
