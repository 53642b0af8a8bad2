using System.Security.Cryptography;
using System.Text;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Tells a change that failed before from another one: by all that kubelet and the agent would read, and by the
/// program.</summary>
internal static class Fingerprint
{
    public static string Of(NodeRecord record)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var place in record.Places.Where(place => place.IsForKubelet() || place.Path is AgentFiles.Settings or AgentUnit.File))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{place.Path}\n"));
            hash.AppendData(place.After ?? []);
        }

        hash.AppendData(Encoding.UTF8.GetBytes(record.ProgramDigest ?? ""));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
