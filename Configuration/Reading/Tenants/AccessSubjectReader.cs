using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary>One entry of <c>who</c>. <c>NAME/</c> may be left out only while one authenticator of the tenant can produce it.</summary>
internal static class AccessSubjectReader
{
    public static AccessSubject? Read(Field field, TenantAuthenticators authenticators)
    {
        var text = field.RequiredText();
        var colon = text.IndexOf(':');
        var (kind, rest) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        switch (kind)
        {
            case "anonymous" when colon < 0:
                return new AccessSubject(AccessSubjectKind.Anonymous, null, "");
            case "authenticated" when colon < 0:
                return new AccessSubject(AccessSubjectKind.Authenticated, null, "");
            case "user" when rest.Length > 0:
                return Named(field, AccessSubjectKind.User, rest, authenticators);
            case "group" when rest.Length > 0:
                return Named(field, AccessSubjectKind.Group, rest, authenticators);
            case "robot" when rest.Length > 0:
                return new AccessSubject(AccessSubjectKind.Robot, AuthenticatorConfiguration.Robot, rest);
            case "authenticator" when IsKnown(field, rest, authenticators):
                return new AccessSubject(AccessSubjectKind.Authenticator, rest, "");
            case "subject" when rest.IndexOf('/') is var slash and > 0 && IsKnown(field, rest[..slash], authenticators):
                return new AccessSubject(AccessSubjectKind.Subject, rest[..slash], rest[(slash + 1)..]);
            case "authenticator" or "subject" when rest.Contains('/') || kind == "authenticator":
                return null;
            default:
                field.Fail($"'{text}' must be anonymous, authenticated, user:[NAME/]GLOB, group:[NAME/]GLOB, authenticator:NAME, " +
                    $"subject:NAME/GLOB or robot:GLOB" +
                    $"{field.Errors.Suggest(kind, ["anonymous", "authenticated", "user", "group", "authenticator", "subject", "robot"])}");
                return null;
        }
    }

    private static AccessSubject? Named(Field field, AccessSubjectKind kind, string rest, TenantAuthenticators authenticators)
    {
        var slash = rest.IndexOf('/');
        if (slash > 0 && authenticators.Contains(rest[..slash]))
        {
            return new AccessSubject(kind, rest[..slash], rest[(slash + 1)..]);
        }

        var meant = slash > 0 ? field.Errors.Suggest(rest[..slash], authenticators.Names) : "";
        var candidates = authenticators.Of(kind);
        switch (candidates.Count)
        {
            case 1:
                if (meant.Length > 0)
                {
                    field.Warn(
                        $"'{rest[..slash]}' is not an authenticator of this tenant, so this is '{rest}' of {candidates[0].Name}{meant}");
                }

                return new AccessSubject(kind, candidates[0].Name, rest);
            case 0 when !authenticators.AreKnown:
                return null;
            case 0:
                field.Fail($"no authenticator of this tenant can produce a {kind.ToString().ToLowerInvariant()}; add one to " +
                    $"authenticators");
                return null;
            default:
                field.Fail(meant.Length > 0 ? $"'{rest[..slash]}' is not an authenticator of this tenant{meant}"
                    : "say which authenticator is meant: " +
                    $"{string.Join(" or ", candidates.Take(3).Select(candidate => $"{candidate.Name}/{rest}"))}");
                return null;
        }
    }

    private static bool IsKnown(Field field, string name, TenantAuthenticators authenticators)
    {
        if (!authenticators.Contains(name))
        {
            field.Fail($"'{name}' is not an authenticator of this tenant; its authenticators: {Names.List(authenticators.Names)}" +
                $"{field.Errors.Suggest(name, authenticators.Names)}");
        }

        return authenticators.Contains(name);
    }
}
