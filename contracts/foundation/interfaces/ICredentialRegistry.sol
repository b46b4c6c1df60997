// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CredentialType, ICredentialReader} from "./ICredentialReader.sol";

/// @notice One grant, never reused in a registry: number of the granting authority (high 32 bits) ‖ its running number.
type GrantId is uint64;

/// @notice One appointment to act for a credential type; 0 is none. Numbers are never reused.
type AuthorityId is uint32;

/// @notice What a registry holds for one (type, subject), in exactly one storage slot.
/// @dev Its bits are drawn at `CredentialSlot`.
struct Credential {
    /// @notice Attribute word (specialty, zone …); its meaning is the type's.
    uint64 attributes;
    /// @notice First second of validity, unix seconds.
    uint40 from;
    /// @notice First second after validity, unix seconds.
    uint40 until;
    /// @notice Which grant this is.
    GrantId id;
    /// @notice The authority that decides about it: the one that granted it, or a higher one that suspended it since.
    AuthorityId keeper;
    /// @notice Whether it is suspended.
    bool suspended;
}

/// @notice One entry of a batch.
struct GrantRequest {
    /// @notice Who is to hold the credential.
    address subject;
    /// @notice First second of validity, unix seconds; may lie in the past.
    uint40 from;
    /// @notice First second after validity, unix seconds.
    uint40 until;
    /// @notice Attribute word.
    uint64 attributes;
}

/// @notice A grant signed by an issuer (EIP-712, primary type `CredentialGrant`), for anyone to relay.
struct CredentialGrant {
    /// @notice What is granted.
    CredentialType credentialType;
    /// @notice To whom.
    address subject;
    /// @notice First second of validity, unix seconds.
    uint40 from;
    /// @notice First second after validity, unix seconds.
    uint40 until;
    /// @notice Attribute word.
    uint64 attributes;
    /// @notice Who signs: an account, or a contract answering ERC-1271.
    address issuer;
    /// @notice The issuer's signing epoch for the type; see `signingEpochOf`.
    uint32 epoch;
    /// @notice Nonces run separately in each channel, so that independent grants can be relayed in any order.
    uint192 channel;
    /// @notice Next nonce of the issuer in the channel; see `nextNonce`.
    uint64 nonce;
    /// @notice Last second in which it may be relayed, unix seconds.
    uint40 deadline;
}

/// @title ICredentialRegistry
/// @notice Who may act: authorities grant, suspend, restore and revoke credentials of a type; other contracts ask in one
/// cold storage read.
/// @dev Authorities of a type form a tree. Its roots, the issuers, are appointed by the deployment's AccessManager; each
/// authority may delegate to others below it, as deep as its own limit allows. An authority stands while it and all above
/// it have not ended. Ending one stops it and all below it at once, and all the grants they signed but nobody relayed;
/// what they had already granted stands to its own end, under the control of the authorities above and of the roots.
interface ICredentialRegistry is ICredentialReader {
    /// @notice An issuer was appointed at the root of a type.
    event CredentialIssuerAppointed(
        CredentialType indexed credentialType,
        address indexed issuer,
        AuthorityId indexed authority,
        uint8 depth
    );
    /// @notice An authority appointed another below itself.
    event CredentialAuthorityDelegated(
        CredentialType indexed credentialType,
        address indexed holder,
        AuthorityId indexed authority,
        AuthorityId parent,
        uint8 depth
    );
    /// @notice An authority ended, and with it all below it.
    event CredentialAuthorityEnded(
        CredentialType indexed credentialType,
        address indexed holder,
        AuthorityId indexed authority,
        address by
    );
    /// @notice The signing epoch of an authority moved on: none of the grants it signed before can be relayed any more.
    event CredentialEpochAdvanced(CredentialType indexed credentialType, address indexed issuer, uint32 epoch);
    /// @notice A credential was granted or renewed; `id >> 32` is the granting authority.
    event CredentialGranted(
        CredentialType indexed credentialType,
        address indexed subject,
        GrantId indexed id,
        address issuer,
        uint40 from,
        uint40 until,
        uint64 attributes
    );
    /// @notice A signed grant was relayed and its nonce used up.
    event CredentialGrantRelayed(address indexed issuer, uint192 indexed channel, uint64 nonce, address relayer);
    /// @notice A credential was suspended; `keeper` decides about it from now on.
    event CredentialSuspended(
        CredentialType indexed credentialType,
        address indexed subject,
        GrantId indexed id,
        address by,
        AuthorityId keeper
    );
    /// @notice A suspension was lifted.
    event CredentialRestored(
        CredentialType indexed credentialType,
        address indexed subject,
        GrantId indexed id,
        address by
    );
    /// @notice A credential was revoked and its slot emptied: by the issuer that granted it, unless the transaction also
    /// emits {CredentialRevokedBy}.
    event CredentialRevoked(CredentialType indexed credentialType, address indexed subject, GrantId indexed id);
    /// @notice A grant was revoked by another than the issuer at the root that made it and kept it.
    event CredentialRevokedBy(GrantId indexed id, address indexed by);

    /// @notice The account holds no standing authority over this credential type.
    /// @dev Act from an account appointed or delegated for exactly this type; `authorityOf` tells who is.
    error CredentialIssuerUnauthorized(CredentialType credentialType, address account);
    /// @notice The account already holds a standing authority over this credential type.
    /// @dev End it first with `dismiss` (any authority) or `withdraw` (one below yours).
    error CredentialAuthorityStanding(CredentialType credentialType, address holder);
    /// @notice The account holds no authority over this credential type that could end.
    /// @dev Nothing to do, or check the type and the account with `authorityOf`.
    error CredentialAuthorityUnknown(CredentialType credentialType, address holder);
    /// @notice The account's authority does not stand below the caller's.
    /// @dev Ask the authority that delegated it, one above that, or the AccessManager (`dismiss`).
    error CredentialAuthorityOutOfReach(CredentialType credentialType, address holder);
    /// @notice More levels of delegation were given than are left.
    /// @dev Give at most `limit` levels; an authority whose own depth is zero cannot delegate.
    error CredentialDelegationTooDeep(uint8 depth, uint8 limit);
    /// @notice The zero address was given as holder or subject.
    /// @dev Give a real account.
    error CredentialAccountZero();
    /// @notice The validity is empty or already over.
    /// @dev Choose `until` later than both `from` and the present block's time.
    error CredentialValidityInvalid(uint40 from, uint40 until);
    /// @notice The slot is decided by an authority that is neither the caller's nor below it.
    /// @dev Ask the credential's keeper (`getCredential`), an authority above it or an issuer at the root of the type.
    error CredentialOutOfReach(CredentialType credentialType, address subject, AuthorityId keeper);
    /// @notice The credential is suspended.
    /// @dev Restore or revoke it before granting or suspending again.
    error CredentialIsSuspended(CredentialType credentialType, address subject);
    /// @notice The credential is not suspended.
    /// @dev Nothing to do: only a suspended credential can be restored.
    error CredentialNotSuspended(CredentialType credentialType, address subject);
    /// @notice The slot does not hold this grant: it was revoked, renewed or never made.
    /// @dev Read the present one with `getCredential` and decide again.
    error CredentialUnknown(CredentialType credentialType, address subject, GrantId id);
    /// @notice The signature is not the issuer's for this grant, registry and chain, or is malformed.
    /// @dev Sign the typed data of `grantDigest` with the issuer's key; take chain id and address from `eip712Domain`.
    error CredentialSignatureInvalid(address issuer);
    /// @notice The signed grant was relayed too late.
    /// @dev Ask the issuer for a new signature.
    error CredentialSignatureExpired(uint40 deadline);
    /// @notice The signed grant does not carry the issuer's next nonce of its channel.
    /// @dev Relay the channel's earlier grants first; if the nonce is used up, ask the issuer for a new signature.
    error CredentialNonceInvalid(address issuer, uint192 channel, uint64 next);
    /// @notice The issuer has cancelled the grants signed in this epoch, or its authority ended since.
    /// @dev Ask the issuer for a new signature with the present epoch.
    error CredentialEpochInvalid(address issuer, uint32 current);

    /// @notice What the slot of `(credentialType, subject)` holds, valid or not; all zero when empty.
    function getCredential(
        CredentialType credentialType,
        address subject
    ) external view returns (Credential memory credential);

    /// @notice The latest authority of `holder` over the type.
    /// @return id Its number; zero when there never was one or it was ended itself.
    /// @return parent The authority it was delegated from; zero for an issuer at the root.
    /// @return depth How many levels of delegation it may open below itself.
    /// @return standing Whether it may act now: it and all above it have not ended.
    function authorityOf(
        CredentialType credentialType,
        address holder
    ) external view returns (AuthorityId id, AuthorityId parent, uint8 depth, bool standing);

    /// @notice The account an authority number was given to, also after its end.
    function holderOf(AuthorityId authorityId) external view returns (address holder);

    /// @notice The epoch `issuer` must sign grants of the type with.
    function signingEpochOf(CredentialType credentialType, address issuer) external view returns (uint32 epoch);

    /// @notice The nonce the next relayed grant of `issuer` in `channel` must carry.
    function nextNonce(address issuer, uint192 channel) external view returns (uint64 nonce);

    /// @notice The EIP-712 digest an issuer signs.
    function grantDigest(CredentialGrant calldata signedGrant) external view returns (bytes32 digest);

    /// @notice Appoints an issuer at the root of a type; by the AccessManager.
    /// @param depth Levels of delegation it may open, at most `MAX_DEPTH`.
    function appoint(CredentialType credentialType, address issuer, uint8 depth) external returns (AuthorityId id);

    /// @notice Ends any authority of a type, and with it all below it; by the AccessManager.
    function dismiss(CredentialType credentialType, address holder) external;

    /// @notice Appoints an authority below the caller's, for the same type.
    /// @param depth Levels of delegation it may open; less than the caller's own.
    function delegate(CredentialType credentialType, address holder, uint8 depth) external returns (AuthorityId id);

    /// @notice Ends an authority below the caller's, or the caller's own, and with it all below it.
    function withdraw(CredentialType credentialType, address holder) external;

    /// @notice Makes worthless all the grants the caller has signed for the type and nobody has relayed.
    function cancelSignedGrants(CredentialType credentialType) external returns (uint32 epoch);

    /// @notice Grants or renews a credential valid in [from, until).
    /// @dev A slot that is empty or whose credential is over takes a grant of any authority of the type; a current or future
    /// credential is replaced only by its keeper, an authority above it or a root. A suspended one is never replaced.
    function grant(
        CredentialType credentialType,
        address subject,
        uint40 from,
        uint40 until,
        uint64 attributes
    ) external returns (GrantId id);

    /// @notice Grants many credentials of one type; all or none.
    function grantBatch(
        CredentialType credentialType,
        GrantRequest[] calldata requests
    ) external returns (GrantId[] memory ids);

    /// @notice Grants what an issuer has signed; anyone may relay.
    function grantBySignature(
        CredentialGrant calldata signedGrant,
        bytes calldata signature
    ) external returns (GrantId id);

    /// @notice Suspends a credential until it is restored, also against renewal. By its keeper, an authority above or a root,
    /// which becomes the keeper: what a higher authority suspends, no lower one restores.
    function suspend(GrantId id, address subject, CredentialType credentialType) external;

    /// @notice Lifts a suspension. By the keeper, an authority above or a root.
    function restore(GrantId id, address subject, CredentialType credentialType) external;

    /// @notice Revokes exactly the grant `id` and empties its slot. By the keeper, an authority above or a root.
    /// @dev To bar a subject from being granted the credential anew, suspend it instead.
    function revoke(GrantId id, address subject, CredentialType credentialType) external;
}
