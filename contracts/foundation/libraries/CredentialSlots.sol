// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AuthorityId, Credential, GrantId} from "../interfaces/ICredentialRegistry.sol";

/// @notice A credential as it lies in storage; the zero word is an empty slot.
/// @dev From the low bits: attributes 64 | from 40 | until 40 | id 64 | keeper 32 | suspended 1 | unused 15.
type CredentialSlot is uint256;

/// @notice What an account may do for a type, as it lies in storage; the zero word is an account that never held anything.
/// @dev From the low bits: authority 32 | parent 32 | grants 32 | epoch 32 | unused 128.
type SeatSlot is uint256;

/// @notice One authority as it lies in storage, kept for ever; the zero word is a number not given yet.
/// @dev From the low bits: holder 160 | parent 32 | depth 8 | ended 1 | unused 55.
type AuthoritySlot is uint256;

using CredentialSlots for CredentialSlot global;
using CredentialSlots for SeatSlot global;
using CredentialSlots for AuthoritySlot global;

/// @title CredentialSlots
/// @notice Packs and reads the three storage words of the credential registry.
library CredentialSlots {
    uint256 private constant SUSPENDED = 1 << 240;
    uint256 private constant KEEPER = uint256(type(uint32).max) << 208;
    uint256 private constant GRANTS = uint256(type(uint32).max) << 64;

    uint256 private constant DEPTH = uint256(type(uint8).max) << 192;
    uint256 private constant ENDED = 1 << 200;

    /// @notice A credential that is not suspended and is kept by the authority that grants it.
    function packCredential(
        uint64 word,
        uint40 start,
        uint40 end,
        GrantId grantId
    ) internal pure returns (CredentialSlot) {
        return
            CredentialSlot.wrap(
                uint256(word) | (uint256(start) << 64) | (uint256(end) << 104) | (_decisionOfGrantor(grantId) << 144)
            );
    }

    /// @notice Whether the slot holds grant `grantId`, not suspended and still kept by the authority that granted it.
    function keptByGrantor(CredentialSlot slot, GrantId grantId) internal pure returns (bool) {
        return CredentialSlot.unwrap(slot) >> 144 == _decisionOfGrantor(grantId);
    }

    /// @notice The word in readable form.
    function unpack(CredentialSlot slot) internal pure returns (Credential memory) {
        return
            Credential({
                attributes: slot.attributes(),
                from: uint40(CredentialSlot.unwrap(slot) >> 64),
                until: slot.until(),
                id: slot.id(),
                keeper: AuthorityId.wrap(slot.keeper()),
                suspended: slot.suspended()
            });
    }

    /// @notice Valid exactly in [from, until) and never while suspended; an empty slot never is.
    function validAt(CredentialSlot slot, uint256 time) internal pure returns (bool) {
        uint256 word = CredentialSlot.unwrap(slot);
        return time >= uint40(word >> 64) && time < uint40(word >> 104) && word & SUSPENDED == 0;
    }

    function attributes(CredentialSlot slot) internal pure returns (uint64) {
        return uint64(CredentialSlot.unwrap(slot));
    }

    function until(CredentialSlot slot) internal pure returns (uint40) {
        return uint40(CredentialSlot.unwrap(slot) >> 104);
    }

    function id(CredentialSlot slot) internal pure returns (GrantId) {
        return GrantId.wrap(uint64(CredentialSlot.unwrap(slot) >> 144));
    }

    function keeper(CredentialSlot slot) internal pure returns (uint32) {
        return uint32(CredentialSlot.unwrap(slot) >> 208);
    }

    function suspended(CredentialSlot slot) internal pure returns (bool) {
        return CredentialSlot.unwrap(slot) & SUSPENDED != 0;
    }

    /// @notice The credential suspended and from now on kept by `newKeeper`.
    function suspendedBy(CredentialSlot slot, uint32 newKeeper) internal pure returns (CredentialSlot) {
        uint256 word = CredentialSlot.unwrap(slot) & ~KEEPER;
        return CredentialSlot.wrap(word | (uint256(newKeeper) << 208) | SUSPENDED);
    }

    /// @notice The credential no longer suspended; its keeper stays.
    function restored(CredentialSlot slot) internal pure returns (CredentialSlot) {
        return CredentialSlot.wrap(CredentialSlot.unwrap(slot) & ~SUSPENDED);
    }

    function authority(SeatSlot seat) internal pure returns (uint32) {
        return uint32(SeatSlot.unwrap(seat));
    }

    function parent(SeatSlot seat) internal pure returns (uint32) {
        return uint32(SeatSlot.unwrap(seat) >> 32);
    }

    function grants(SeatSlot seat) internal pure returns (uint32) {
        return uint32(SeatSlot.unwrap(seat) >> 64);
    }

    function epoch(SeatSlot seat) internal pure returns (uint32) {
        return uint32(SeatSlot.unwrap(seat) >> 96);
    }

    /// @notice The seat with its running number of grants set.
    function withGrants(SeatSlot seat, uint32 count) internal pure returns (SeatSlot) {
        return SeatSlot.wrap((SeatSlot.unwrap(seat) & ~GRANTS) | (uint256(count) << 64));
    }

    /// @notice The seat given an authority below `newParent`; running number and epoch stay.
    function seated(SeatSlot seat, uint32 newAuthority, uint32 newParent) internal pure returns (SeatSlot) {
        uint256 kept = (SeatSlot.unwrap(seat) >> 64) << 64;
        return SeatSlot.wrap(kept | (uint256(newParent) << 32) | newAuthority);
    }

    /// @notice The seat in its next epoch.
    function nextEpoch(SeatSlot seat) internal pure returns (SeatSlot) {
        uint32 next = seat.epoch() + 1;
        return SeatSlot.wrap(uint256(uint96(SeatSlot.unwrap(seat))) | (uint256(next) << 96));
    }

    function packAuthority(address account, uint32 above, uint8 levels) internal pure returns (AuthoritySlot) {
        return AuthoritySlot.wrap(uint160(account) | (uint256(above) << 160) | (uint256(levels) << 192));
    }

    function holder(AuthoritySlot slot) internal pure returns (address) {
        return address(uint160(AuthoritySlot.unwrap(slot)));
    }

    function parent(AuthoritySlot slot) internal pure returns (uint32) {
        return uint32(AuthoritySlot.unwrap(slot) >> 160);
    }

    function depth(AuthoritySlot slot) internal pure returns (uint8) {
        return uint8(AuthoritySlot.unwrap(slot) >> 192);
    }

    function ended(AuthoritySlot slot) internal pure returns (bool) {
        return AuthoritySlot.unwrap(slot) & ENDED != 0;
    }

    /// @notice Whether this is an issuer at the root that has not ended, and `account` holds it.
    function isStandingRootOf(AuthoritySlot slot, address account) internal pure returns (bool) {
        return AuthoritySlot.unwrap(slot) & ~DEPTH == uint160(account);
    }

    /// @notice The authority at its end; everything else stays readable.
    function asEnded(AuthoritySlot slot) internal pure returns (AuthoritySlot) {
        return AuthoritySlot.wrap(AuthoritySlot.unwrap(slot) | ENDED);
    }

    /// @dev The bits from `id` up when the granting authority keeps the credential: id | its authority | not suspended.
    function _decisionOfGrantor(GrantId grantId) private pure returns (uint256) {
        uint256 number = GrantId.unwrap(grantId);
        return number | ((number >> 32) << 64);
    }
}
