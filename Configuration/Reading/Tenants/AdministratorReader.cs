using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary>
/// <c>tenants.NAME.administrators</c>. Names are looked for among the authenticators of all alone, whatever the tenant's part defines.
/// </summary>
internal static class AdministratorReader
{
    /// <summary>How many entries a tenant may have.</summary>
    public const int MaxEntries = 100;

    public static IReadOnlyList<AccessSubject> ReadAll(Field field, FrontDoorConfiguration known)
    {
        if (field.IsList && field.Items().Skip(MaxEntries).Any())
        {
            field.Fail($"has more than {MaxEntries} entries: name groups");
            return [];
        }

        var authenticators = new TenantAuthenticators([.. known.Authenticators.Keys], known.Authenticators.Values);
        return [.. field.Items().Select(item => Read(item, authenticators, known)).OfType<AccessSubject>()];
    }

    private static AccessSubject? Read(Field field, TenantAuthenticators authenticators, FrontDoorConfiguration known)
    {
        var before = field.Errors.Count;
        var subject = AccessSubjectReader.Read(field, authenticators);
        if (subject is null || field.Errors.Count > before)
        {
            return null;
        }

        if (subject.Kind is AccessSubjectKind.Anonymous or AccessSubjectKind.Authenticated or AccessSubjectKind.Robot)
        {
            field.Fail($"'{subject}' does not identify administrators: use user:NAME/GLOB, group:NAME/GLOB, subject:NAME/GLOB or " +
                "authenticator:NAME");
            return null;
        }

        if (subject.ToString() != field.Text())
        {
            field.Fail($"say by which authenticator an administrator is proved, such as {subject}");
            return null;
        }

        if (known.Authenticators[subject.Authenticator!].ProvesMachines)
        {
            field.Fail($"'{subject.Authenticator}' proves machines, which administer nothing: name an authenticator of people");
            return null;
        }

        return subject;
    }
}
