using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Values;

/// <summary>What the part of a tenant may use of this machine: the files of one folder, and nothing else.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Secrets">The absolute path of the folder; <c>null</c> for none.</param>
/// <param name="IsManaged">Whether the part is kept in the state, and names no file at all.</param>
internal sealed record TenantBounds(string Tenant, string? Secrets, bool IsManaged = false)
{
    /// <summary>The paths that the part named.</summary>
    public List<string> Named { get; } = [];

    /// <summary>The name of what the part defines, which is the tenant's alone.</summary>
    public string Own(string name) => $"{Tenant}/{name}";

    /// <summary>
    /// The path of a file of the folder, in the form that <see cref="BoundedFile"/> does not follow out of it; empty, with an error, for
    /// another one.
    /// </summary>
    /// <param name="field">Where it is named: from the folder of the main file, or from the folder itself.</param>
    /// <param name="main">The folder of the main file.</param>
    public string Confine(Field field, string main)
    {
        var text = field.RequiredText();
        if (IsManaged)
        {
            field.Fail("names a file, and a managed part has none");
            return "";
        }

        if (Secrets is null)
        {
            field.Fail($"names a file, and the operator has given this tenant no folder for them: tenants.{Tenant}.secrets");
            return "";
        }

        var rest = text.Contains('\0') ? null : Below(Path.GetFullPath(text, main)) ?? Below(Path.GetFullPath(text, Secrets));
        if (rest is null)
        {
            field.Fail("leads out of the tenant's secrets folder");
            return "";
        }

        var path = $"{Secrets}{BoundedFile.Confinement}{rest}";
        Named.Add(path);
        if (BoundedFile.LeadsOut(path))
        {
            field.Fail("is a symbolic link that leads out of the tenant's secrets folder");
            return "";
        }

        return path;
    }

    private string? Below(string path) => path == Secrets ? "."
        : path.StartsWith($"{Secrets}/", StringComparison.Ordinal) ? path[(Secrets!.Length + 1)..] : null;
}
