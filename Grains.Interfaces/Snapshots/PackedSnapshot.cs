using System.IO.Compression;
using Orleans.Serialization;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>A whole snapshot as bytes, compressed by Brotli (RFC 7932).</summary>
public static class PackedSnapshot
{
    public static byte[] Pack(GatewaySnapshot snapshot, Serializer serializer)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest))
        {
            brotli.Write(serializer.SerializeToArray(snapshot));
        }

        return packed.ToArray();
    }

    public static GatewaySnapshot Unpack(byte[] packed, Serializer serializer)
    {
        using var brotli = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var snapshot = new MemoryStream();
        brotli.CopyTo(snapshot);
        return serializer.Deserialize<GatewaySnapshot>(snapshot.ToArray())!;
    }
}
