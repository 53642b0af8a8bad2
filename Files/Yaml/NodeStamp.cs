using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Files.Yaml;

/// <summary>Names what a part of a document says, whatever its comments, spaces and quotes.</summary>
internal static class NodeStamp
{
    /// <summary>The key under which a secret stands in the file itself, alone in its map.</summary>
    public const string SecretKey = "value";

    /// <summary>16 hexadecimal digits.</summary>
    /// <param name="node">The part; <c>null</c> for one that is not there.</param>
    /// <param name="withSecrets">Whether secrets that stand in the file count; a stamp that travels must not tell of them.</param>
    public static string Of(YamlNode? node, bool withSecrets)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, node, withSecrets);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    private static void Add(IncrementalHash hash, YamlNode? node, bool withSecrets)
    {
        switch (node)
        {
            case YamlMappingNode map:
                Add(hash, 'm', map.Children.Count);
                foreach (var (key, value) in map.Children)
                {
                    Add(hash, key, withSecrets);
                    Add(hash, withSecrets || map.Children.Count > 1 || key is not YamlScalarNode { Value: SecretKey } ? value : null,
                        withSecrets);
                }

                break;
            case YamlSequenceNode list:
                Add(hash, 'l', list.Children.Count);
                foreach (var item in list.Children)
                {
                    Add(hash, item, withSecrets);
                }

                break;
            case YamlScalarNode { Value: { } text } scalar when text.Length > 0 || scalar.Style != ScalarStyle.Plain:
                var bytes = Encoding.UTF8.GetBytes(text);
                Add(hash, 't', bytes.Length);
                hash.AppendData(bytes);
                break;
            default:
                Add(hash, 'n', 0);
                break;
        }
    }

    private static void Add(IncrementalHash hash, char kind, int count)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], count);
        hash.AppendData(head);
    }
}
