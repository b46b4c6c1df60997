// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IAttestedFeed} from "../interfaces/IAttestedFeed.sol";
import {FeedId} from "../interfaces/IFeedReader.sol";
import {ISensorFeeds} from "../interfaces/ISensorFeeds.sol";
import {CommitteeSets} from "./CommitteeSets.sol";
import {CurvePoints, Jacobian} from "./CurvePoints.sol";
import {DeviceSignatures} from "./DeviceSignatures.sol";
import {SchnorrSignatures} from "./SchnorrSignatures.sol";
import {SensorSets} from "./SensorSets.sol";

/// @notice The EIP-712 struct of an attestation.
struct AttestationMessage {
    bytes32 typeHash;
    FeedId feed;
    uint32 round;
    uint40 observedAt;
    int128 value;
    uint16 epoch;
}

/// @title CommitteeReports
/// @notice The bytes of a committee's report, and who signed it.
library CommitteeReports {
    bytes32 internal constant ATTESTATION_TYPEHASH = keccak256(
        "Attestation(bytes32 feed,uint32 round,uint40 observedAt,int128 value,uint16 epoch)"
    );

    /// @dev round (4), observedAt (5), value (16), kind (1).
    uint256 private constant HEADER = 26;
    /// @dev The header, nonce (20) and s (32).
    uint256 private constant SCHNORR = 78;
    /// @dev And the inverse (32).
    uint256 private constant ABSENT = 110;
    /// @dev index (1), r (32), vs (32).
    uint256 private constant SIGNATURE = 65;

    /// @notice What a report says, but for the epoch, which is that of the set it is checked against.
    function headOf(FeedId feed, bytes calldata report) internal pure returns (AttestationMessage memory message) {
        if (report.length < HEADER) revert IAttestedFeed.AttestedReportMalformed(0, report.length);
        uint256 head = _word(report, 0);
        message.typeHash = ATTESTATION_TYPEHASH;
        message.feed = feed;
        message.round = uint32(head >> 224);
        message.observedAt = uint40(head >> 184);
        message.value = int128(uint128(head >> 56));
    }

    /// @notice The digest of a message, in plain words.
    function digest(AttestationMessage memory message, bytes32 domainSeparator) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domainSeparator, keccak256(abi.encode(message)));
    }

    /// @notice As `digest`, on the message where it lies: in memory it is laid out as `abi.encode` would.
    function digestInPlace(
        AttestationMessage memory message,
        bytes32 domainSeparator
    ) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, hex"1901")
            mstore(add(free, 0x02), domainSeparator)
            mstore(add(free, 0x22), keccak256(message, 0xc0))
            hash := keccak256(free, 0x42)
        }
    }

    /// @notice The bitmap of who signed `hash`; reverts unless a quorum of the set did.
    function signersOf(bytes memory set, bytes32 hash, bytes calldata report) internal view returns (uint256 signers) {
        uint256 kind = _word(report, HEADER - 1) >> 248;
        if (kind == 0) return _together(set, hash, report);
        if (kind == 1) return _each(set, hash, report);
        revert IAttestedFeed.AttestedReportMalformed(kind, report.length);
    }

    /// @dev One signature by the sum of all keys, less those of the absent.
    function _together(bytes memory set, bytes32 hash, bytes calldata report) private pure returns (uint256 signers) {
        uint256 length = report.length;
        if (length < SCHNORR || (length > SCHNORR && length <= ABSENT)) {
            revert IAttestedFeed.AttestedReportMalformed(0, length);
        }
        uint256 x;
        uint256 y;
        uint256 present = CommitteeSets.countOf(set);
        if (length == SCHNORR) {
            (x, y) = CommitteeSets.sumOf(set);
            signers = CommitteeSets.aliveIn(set);
        } else {
            (x, y, signers) = _present(set, report);
            // Each of the absent was in the set.
            unchecked {
                present -= length - ABSENT;
            }
        }
        uint256 quorum = SensorSets.quorumOf(set);
        if (present < quorum || quorum == 0) revert ISensorFeeds.FeedQuorumMissed(present, quorum);
        if (x == 0) revert IAttestedFeed.AttestedKeysCancel();
        address nonce = address(uint160(_word(report, HEADER) >> 96));
        uint256 s = _word(report, HEADER + 20);
        if (!SchnorrSignatures.verify(x, y, hash, nonce, s)) revert IAttestedFeed.AttestedSignatureInvalid();
    }

    /// @dev The sum of the keys and the bitmap of the members, less those of the absent, whose indices follow the inverse.
    function _present(
        bytes memory set,
        bytes calldata report
    ) private pure returns (uint256 x, uint256 y, uint256 present) {
        present = CommitteeSets.aliveIn(set);
        Jacobian memory sum = CommitteeSets.jacobianOf(set);
        uint256 above = present;
        // Indices and offsets stay far below the word's end.
        unchecked {
            for (uint256 i = ABSENT; i < report.length; ++i) {
                uint256 index = _word(report, i) >> 248;
                uint256 bit = 1 << index;
                // `above` holds the members not yet passed, so that each comes once and in order.
                if (above & bit == 0) revert IAttestedFeed.AttestedMemberMisplaced(index);
                above &= ~(bit | (bit - 1));
                present ^= bit;
                (x, y) = CommitteeSets.keyAt(set, index);
                CurvePoints.subtract(sum, x, y);
            }
        }
        if (sum.z == 0) return (0, 0, present);
        (x, y) = CurvePoints.toAffine(sum, _word(report, SCHNORR));
        if (x == 0) revert IAttestedFeed.AttestedInverseWrong();
    }

    /// @dev A signature of each of at least a quorum.
    function _each(bytes memory set, bytes32 hash, bytes calldata report) private view returns (uint256 signers) {
        uint256 count = (report.length - HEADER) / SIGNATURE;
        uint256 quorum = SensorSets.quorumOf(set);
        if (HEADER + count * SIGNATURE != report.length) {
            revert IAttestedFeed.AttestedReportMalformed(1, report.length);
        }
        if (count < quorum || quorum == 0) revert ISensorFeeds.FeedQuorumMissed(count, quorum);
        uint256 above = CommitteeSets.aliveIn(set);
        unchecked {
            for (uint256 at = HEADER; at < report.length; at += SIGNATURE) {
                uint256 index = _word(report, at) >> 248;
                uint256 bit = 1 << index;
                if (above & bit == 0) revert IAttestedFeed.AttestedMemberMisplaced(index);
                above &= ~(bit | (bit - 1));
                signers |= bit;
                if (!_isEndorsed(set, index, hash, report, at)) revert IAttestedFeed.AttestedSignatureInvalid();
            }
        }
    }

    /// @dev Whether the signature at `at` is that of member `index`, who is not slashed.
    function _isEndorsed(
        bytes memory set,
        uint256 index,
        bytes32 hash,
        bytes calldata report,
        uint256 at
    ) private view returns (bool) {
        (uint256 x, uint256 y) = CommitteeSets.keyAt(set, index);
        unchecked {
            (bytes32 r, bytes32 vs) = (bytes32(_word(report, at + 1)), bytes32(_word(report, at + 33)));
            return DeviceSignatures.recoverSecp256k1(hash, r, vs) == CommitteeSets.memberOf(x, y);
        }
    }

    /// @dev The 32 bytes from `offset` on; zeros beyond the report's end are the caller's to rule out.
    function _word(bytes calldata report, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(report.offset, offset))
        }
    }
}
