using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>Somebody whose token was good for the administration of a tenant a moment ago.</summary>
/// <param name="Authenticator">Who proved that.</param>
/// <param name="Subject">The name.</param>
/// <param name="Rules">What that one may do in the tenant.</param>
internal sealed record Administrator(string Authenticator, string Subject, IReadOnlyList<GrantedRule> Rules)
{
    /// <summary>Who has the admin listener of a silo.</summary>
    public static readonly Administrator Operator = new("", "operator", []);

    /// <summary>Whether it is who has the admin listener.</summary>
    public bool IsOperator => ReferenceEquals(this, Operator);

    /// <summary>For people.</summary>
    public override string ToString() => IsOperator ? Subject : $"{Authenticator}/{Subject}";
}

/// <summary>A request of an administrator for the one tenant that it is about.</summary>
internal sealed record AdministrationCall(string Tenant, Administrator By, AdministrationRequest Request)
{
    /// <summary>Reads the body; <c>null</c> when it is none of this kind.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="none">What no body says.</param>
    public T? Read<T>(JsonTypeInfo<T> type, T? none = null)
        where T : class
    {
        if (Request.Body?.Reveal() is not { Length: > 0 } body)
        {
            return none;
        }

        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The fields of the query, each once; <c>null</c> when it cannot be read or names another tenant.</summary>
    public IReadOnlyDictionary<string, string>? Fields()
    {
        if (!QueryParameters.TryParse(Request.Query, out var query))
        {
            return null;
        }

        Dictionary<string, string> fields = [];
        foreach (var key in query.Keys)
        {
            if (!query.TryGetSingle(key, out var value))
            {
                return null;
            }

            fields[key] = value!;
        }

        return IsOwn(fields.GetValueOrDefault("tenant")) ? fields : null;
    }

    /// <summary>Whether a tenant that a request names is the one that it is about.</summary>
    public bool IsOwn(string? tenant) => tenant is null || tenant == Tenant;
}

/// <summary>Makes answers.</summary>
internal static class AdministrationAnswer
{
    public static AdministrationReply Good<T>(T value, JsonTypeInfo<T> type, int status = 200) =>
        new() { Status = status, Body = new Secret(JsonSerializer.Serialize(value, type)) };

    public static AdministrationReply Error(int status, string message) => new() { Status = status, Message = message };

    /// <summary>What cannot be read, or is about another tenant: here there is none but this.</summary>
    public static AdministrationReply Unreadable(string message) => Error(400, message);
}
