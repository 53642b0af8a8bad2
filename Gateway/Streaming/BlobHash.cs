using System.Security.Cryptography;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>Hashes the bytes of a blob as they come, to tell in the end whether they are what its digest says.</summary>
internal sealed class BlobHash : IDisposable
{
    private readonly Digest _digest;
    private readonly IncrementalHash _hash;

    public BlobHash(Digest digest)
        : this(digest, IncrementalHash.CreateHash(digest.Algorithm == "sha512" ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256))
    {
    }

    private BlobHash(Digest digest, IncrementalHash hash) => (_digest, _hash) = (digest, hash);

    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Whether all that was appended is the blob.</summary>
    public bool IsRight() => Convert.ToHexStringLower(_hash.GetCurrentHash()) == _digest.Hex;

    /// <summary>One that goes on from here on its own.</summary>
    public BlobHash Clone() => new(_digest, _hash.Clone());

    public void Dispose() => _hash.Dispose();
}
