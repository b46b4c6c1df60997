// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {CredentialType, ICredentialReader} from "./interfaces/ICredentialReader.sol";
import {
    AuthorityId,
    Credential,
    CredentialGrant,
    GrantId,
    GrantRequest,
    ICredentialRegistry
} from "./interfaces/ICredentialRegistry.sol";
import {AuthoritySlot, CredentialSlot, CredentialSlots, SeatSlot} from "./libraries/CredentialSlots.sol";

/// @title CredentialRegistry
/// @notice See {ICredentialRegistry}: the tree of authorities of each credential type and one slot per credential.
contract CredentialRegistry is ICredentialRegistry, AccessManaged, EIP712 {
    /// @dev A word that can be referred to: its place is hashed once.
    struct Slot {
        CredentialSlot word;
    }

    /// @notice Most levels of delegation below a root: bounds the walk up the tree.
    uint8 public constant MAX_DEPTH = 4;

    bytes32 private constant GRANT_TYPEHASH = keccak256(
        "CredentialGrant(bytes32 credentialType,address subject,uint40 from,uint40 until,uint64 attributes,"
        "address issuer,uint32 epoch,uint192 channel,uint64 nonce,uint40 deadline)"
    );

    mapping(CredentialType credentialType => mapping(address subject => Slot)) private _credentials;
    /// @dev A seat outlives its authority, so that neither its epoch nor its running number ever goes back.
    mapping(CredentialType credentialType => mapping(address holder => SeatSlot)) private _seats;
    mapping(uint32 id => AuthoritySlot) private _authorities;
    mapping(address issuer => mapping(uint192 channel => uint64)) private _nonces;
    uint32 private _authorityCount;

    /// @param manager The deployment's AccessManager, which appoints and dismisses issuers.
    constructor(address manager) AccessManaged(manager) EIP712("Publica CredentialRegistry", "1") {}

    // ---------------------------------------------------------------- read

    /// @inheritdoc ICredentialReader
    function isValid(CredentialType credentialType, address subject) external view returns (bool) {
        return _credentials[credentialType][subject].word.validAt(block.timestamp);
    }

    /// @inheritdoc ICredentialReader
    function attributesOf(
        CredentialType credentialType,
        address subject
    ) external view returns (bool valid, uint64 attributes) {
        CredentialSlot slot = _credentials[credentialType][subject].word;
        valid = slot.validAt(block.timestamp);
        if (valid) attributes = slot.attributes();
    }

    /// @inheritdoc ICredentialRegistry
    function getCredential(
        CredentialType credentialType,
        address subject
    ) external view returns (Credential memory credential) {
        return _credentials[credentialType][subject].word.unpack();
    }

    /// @inheritdoc ICredentialRegistry
    function authorityOf(
        CredentialType credentialType,
        address holder
    ) external view returns (AuthorityId id, AuthorityId parent, uint8 depth, bool standing) {
        SeatSlot seat = _seats[credentialType][holder];
        uint32 number = seat.authority();
        if (number != 0) {
            id = AuthorityId.wrap(number);
            parent = AuthorityId.wrap(seat.parent());
            depth = _authorities[number].depth();
            standing = _stands(seat.parent());
        }
    }

    /// @inheritdoc ICredentialRegistry
    function holderOf(AuthorityId authorityId) external view returns (address holder) {
        return _authorities[AuthorityId.unwrap(authorityId)].holder();
    }

    /// @inheritdoc ICredentialRegistry
    function signingEpochOf(CredentialType credentialType, address issuer) external view returns (uint32 epoch) {
        return _seats[credentialType][issuer].epoch();
    }

    /// @inheritdoc ICredentialRegistry
    function nextNonce(address issuer, uint192 channel) external view returns (uint64 nonce) {
        return _nonces[issuer][channel];
    }

    /// @inheritdoc ICredentialRegistry
    function grantDigest(CredentialGrant calldata signedGrant) public view returns (bytes32 digest) {
        return _hashTypedDataV4(keccak256(abi.encode(GRANT_TYPEHASH, signedGrant)));
    }

    // ---------------------------------------------------------------- write: authorities

    /// @inheritdoc ICredentialRegistry
    function appoint(
        CredentialType credentialType,
        address issuer,
        uint8 depth
    ) external restricted returns (AuthorityId id) {
        if (depth > MAX_DEPTH) revert CredentialDelegationTooDeep(depth, MAX_DEPTH);
        id = _seatAuthority(credentialType, issuer, 0, depth);
        emit CredentialIssuerAppointed(credentialType, issuer, id, depth);
    }

    /// @inheritdoc ICredentialRegistry
    function dismiss(CredentialType credentialType, address holder) external restricted {
        uint32 id = _seats[credentialType][holder].authority();
        if (id == 0) revert CredentialAuthorityUnknown(credentialType, holder);
        _endAuthority(credentialType, holder, id);
    }

    /// @inheritdoc ICredentialRegistry
    function delegate(CredentialType credentialType, address holder, uint8 depth) external returns (AuthorityId id) {
        uint32 parent = _standingSeat(credentialType, msg.sender).authority();
        uint8 own = _authorities[parent].depth();
        if (depth >= own) revert CredentialDelegationTooDeep(depth, own == 0 ? 0 : own - 1);
        id = _seatAuthority(credentialType, holder, parent, depth);
        emit CredentialAuthorityDelegated(credentialType, holder, id, AuthorityId.wrap(parent), depth);
    }

    /// @inheritdoc ICredentialRegistry
    function withdraw(CredentialType credentialType, address holder) external {
        uint32 above = _standingSeat(credentialType, msg.sender).authority();
        uint32 id = _seats[credentialType][holder].authority();
        if (id == 0) revert CredentialAuthorityUnknown(credentialType, holder);
        if (!_isAtOrBelow(id, above)) revert CredentialAuthorityOutOfReach(credentialType, holder);
        _endAuthority(credentialType, holder, id);
    }

    /// @inheritdoc ICredentialRegistry
    function cancelSignedGrants(CredentialType credentialType) external returns (uint32 epoch) {
        epoch = _advanceEpoch(credentialType, msg.sender).epoch();
    }

    // ---------------------------------------------------------------- write: credentials

    /// @inheritdoc ICredentialRegistry
    function grant(
        CredentialType credentialType,
        address subject,
        uint40 from,
        uint40 until,
        uint64 attributes
    ) external returns (GrantId id) {
        SeatSlot seat = _standingSeat(credentialType, msg.sender);
        uint32 number = seat.grants() + 1;
        id = _grant(credentialType, msg.sender, seat, number, subject, from, until, attributes);
        _seats[credentialType][msg.sender] = seat.withGrants(number);
    }

    /// @inheritdoc ICredentialRegistry
    function grantBatch(
        CredentialType credentialType,
        GrantRequest[] calldata requests
    ) external returns (GrantId[] memory ids) {
        SeatSlot seat = _standingSeat(credentialType, msg.sender);
        uint32 number = seat.grants();
        ids = new GrantId[](requests.length);
        for (uint256 i = 0; i < requests.length; ++i) {
            GrantRequest calldata r = requests[i];
            ids[i] = _grant(credentialType, msg.sender, seat, ++number, r.subject, r.from, r.until, r.attributes);
        }
        _seats[credentialType][msg.sender] = seat.withGrants(number);
    }

    /// @inheritdoc ICredentialRegistry
    function grantBySignature(
        CredentialGrant calldata signedGrant,
        bytes calldata signature
    ) external returns (GrantId id) {
        address issuer = signedGrant.issuer;
        CredentialType credentialType = signedGrant.credentialType;
        if (block.timestamp > signedGrant.deadline) revert CredentialSignatureExpired(signedGrant.deadline);

        SeatSlot seat = _standingSeat(credentialType, issuer);
        if (signedGrant.epoch != seat.epoch()) revert CredentialEpochInvalid(issuer, seat.epoch());

        uint64 next = _nonces[issuer][signedGrant.channel];
        if (signedGrant.nonce != next) revert CredentialNonceInvalid(issuer, signedGrant.channel, next);

        if (!SignatureChecker.isValidSignatureNowCalldata(issuer, grantDigest(signedGrant), signature)) {
            revert CredentialSignatureInvalid(issuer);
        }

        _nonces[issuer][signedGrant.channel] = next + 1;
        emit CredentialGrantRelayed(issuer, signedGrant.channel, next, msg.sender);
        id = _grantSigned(signedGrant, seat);
    }

    /// @inheritdoc ICredentialRegistry
    function suspend(GrantId id, address subject, CredentialType credentialType) external {
        (CredentialSlot slot, SeatSlot seat) = _decidable(credentialType, subject, id);
        if (slot.suspended()) revert CredentialIsSuspended(credentialType, subject);
        uint32 keeper = seat.authority();
        _credentials[credentialType][subject].word = slot.suspendedBy(keeper);
        emit CredentialSuspended(credentialType, subject, id, msg.sender, AuthorityId.wrap(keeper));
    }

    /// @inheritdoc ICredentialRegistry
    function restore(GrantId id, address subject, CredentialType credentialType) external {
        (CredentialSlot slot, ) = _decidable(credentialType, subject, id);
        if (!slot.suspended()) revert CredentialNotSuspended(credentialType, subject);
        _credentials[credentialType][subject].word = slot.restored();
        emit CredentialRestored(credentialType, subject, id, msg.sender);
    }

    /// @inheritdoc ICredentialRegistry
    function revoke(GrantId id, address subject, CredentialType credentialType) external {
        Slot storage slot = _credentials[credentialType][subject];
        // The usual case is told by two words: an issuer itself revokes what it granted and still keeps.
        AuthoritySlot grantor = _authorities[uint32(GrantId.unwrap(id) >> 32)];
        if (!grantor.isStandingRootOf(msg.sender) || !slot.word.keptByGrantor(id)) {
            _decidable(credentialType, subject, id);
            emit CredentialRevokedBy(id, msg.sender);
        }
        slot.word = CredentialSlot.wrap(0);
        emit CredentialRevoked(credentialType, subject, id);
    }

    // ---------------------------------------------------------------- internal

    /// @dev Gives `holder` a new authority; an orphaned seat (something above it ended) is taken over.
    function _seatAuthority(
        CredentialType credentialType,
        address holder,
        uint32 parent,
        uint8 depth
    ) private returns (AuthorityId) {
        if (holder == address(0)) revert CredentialAccountZero();
        SeatSlot seat = _seats[credentialType][holder];
        uint32 old = seat.authority();
        if (old != 0) {
            if (_stands(seat.parent())) revert CredentialAuthorityStanding(credentialType, holder);
            seat = _endAuthority(credentialType, holder, old);
        }
        uint32 id = ++_authorityCount;
        _authorities[id] = CredentialSlots.packAuthority(holder, parent, depth);
        _seats[credentialType][holder] = seat.seated(id, parent);
        return AuthorityId.wrap(id);
    }

    function _endAuthority(CredentialType credentialType, address holder, uint32 id) private returns (SeatSlot seat) {
        _authorities[id] = _authorities[id].asEnded();
        emit CredentialAuthorityEnded(credentialType, holder, AuthorityId.wrap(id), msg.sender);
        seat = _advanceEpoch(credentialType, holder).seated(0, 0);
        _seats[credentialType][holder] = seat;
    }

    function _advanceEpoch(CredentialType credentialType, address holder) private returns (SeatSlot seat) {
        seat = _seats[credentialType][holder].nextEpoch();
        _seats[credentialType][holder] = seat;
        emit CredentialEpochAdvanced(credentialType, holder, seat.epoch());
    }

    /// @dev Writes one grant with the running number `number`, which the caller stores.
    function _grant(
        CredentialType credentialType,
        address issuer,
        SeatSlot seat,
        uint32 number,
        address subject,
        uint40 from,
        uint40 until,
        uint64 attributes
    ) private returns (GrantId id) {
        if (subject == address(0)) revert CredentialAccountZero();
        if (until <= from || until <= block.timestamp) revert CredentialValidityInvalid(from, until);
        Slot storage slot = _credentials[credentialType][subject];
        CredentialSlot old = slot.word;
        if (CredentialSlot.unwrap(old) != 0) {
            if (old.suspended()) revert CredentialIsSuspended(credentialType, subject);
            if (old.until() > block.timestamp) _requireReach(credentialType, subject, old.keeper(), seat);
        }

        id = GrantId.wrap((uint64(seat.authority()) << 32) | number);
        slot.word = CredentialSlots.packCredential(attributes, from, until, id);
        emit CredentialGranted(credentialType, subject, id, issuer, from, until, attributes);
    }

    function _grantSigned(CredentialGrant calldata g, SeatSlot seat) private returns (GrantId id) {
        uint32 number = seat.grants() + 1;
        id = _grant(g.credentialType, g.issuer, seat, number, g.subject, g.from, g.until, g.attributes);
        _seats[g.credentialType][g.issuer] = seat.withGrants(number);
    }

    /// @dev The credential and the caller's seat, if the slot holds grant `id` and the caller may decide about it.
    function _decidable(
        CredentialType credentialType,
        address subject,
        GrantId id
    ) private view returns (CredentialSlot slot, SeatSlot seat) {
        seat = _standingSeat(credentialType, msg.sender);
        slot = _credentials[credentialType][subject].word;
        if (CredentialSlot.unwrap(slot) == 0 || GrantId.unwrap(slot.id()) != GrantId.unwrap(id)) {
            revert CredentialUnknown(credentialType, subject, id);
        }
        _requireReach(credentialType, subject, slot.keeper(), seat);
    }

    /// @dev Within reach: one's own, those below, and for a root the whole register of the type.
    function _requireReach(CredentialType credentialType, address subject, uint32 keeper, SeatSlot seat) private view {
        if (seat.parent() != 0 && !_isAtOrBelow(keeper, seat.authority())) {
            revert CredentialOutOfReach(credentialType, subject, AuthorityId.wrap(keeper));
        }
    }

    function _standingSeat(CredentialType credentialType, address holder) private view returns (SeatSlot seat) {
        seat = _seats[credentialType][holder];
        if (seat.authority() == 0 || !_stands(seat.parent()))
            revert CredentialIssuerUnauthorized(credentialType, holder);
    }

    /// @dev Whether neither authority `id` nor any above it has ended: at most one read a level; zero, above the roots, stands.
    function _stands(uint32 id) private view returns (bool) {
        while (id != 0) {
            AuthoritySlot authority = _authorities[id];
            if (authority.ended()) return false;
            id = authority.parent();
        }
        return true;
    }

    /// @dev Whether authority `id` is `ancestor` or was delegated from it, in at most `MAX_DEPTH` steps.
    function _isAtOrBelow(uint32 id, uint32 ancestor) private view returns (bool) {
        while (id != 0) {
            if (id == ancestor) return true;
            id = _authorities[id].parent();
        }
        return false;
    }
}
