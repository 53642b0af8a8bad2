using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>The skopeo command, without logins of its own.</summary>
internal static class Skopeo
{
    /// <summary>Copies from a registry to a folder.</summary>
    public static Task<ShellResult> Pull(string image, string folder, string? credentials = null) => Shell.Run(
        "skopeo", ["--insecure-policy", "copy", "--src-tls-verify=false", .. Source(credentials), $"docker://{image}", $"dir:{folder}"]);

    /// <summary>Copies an OCI layout to a registry.</summary>
    public static Task<ShellResult> Push(string layout, string image, string credentials) => Shell.Run(
        "skopeo", ["--insecure-policy", "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds", credentials,
            $"oci:{layout}", $"docker://{image}"]);

    public static Task<ShellResult> Delete(string image, string credentials) => Shell.Run(
        "skopeo", ["--insecure-policy", "delete", "--tls-verify=false", "--creds", credentials, $"docker://{image}"]);

    private static string[] Source(string? credentials) => credentials is null ? ["--src-no-creds"] : ["--src-creds", credentials];
}
