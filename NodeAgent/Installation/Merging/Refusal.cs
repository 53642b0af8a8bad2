using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>Names the file in a refusal that does not.</summary>
internal static class Refusal
{
    public static string Of(string file, Func<string> change) => Any(file, change);

    public static byte[] Bytes(string file, Func<byte[]> change) => Any(file, change);

    private static T Any<T>(string file, Func<T> change)
    {
        try
        {
            return change();
        }
        catch (InstallRefusal refusal) when (!refusal.Message.Contains(file, StringComparison.Ordinal))
        {
            throw new InstallRefusal($"{file}: {refusal.Message}");
        }
    }
}
