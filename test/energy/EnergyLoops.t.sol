// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {IEnergyAccounts} from "../../contracts/energy/interfaces/IEnergyAccounts.sol";
import {CurveOrders} from "../../contracts/energy/libraries/CurveOrders.sol";
import {LedgerCalls} from "../../contracts/energy/libraries/LedgerCalls.sol";
import {DeviationCell, MeterValues} from "../../contracts/energy/libraries/MeterValues.sol";
import {DeviceSignatures} from "../../contracts/foundation/libraries/DeviceSignatures.sol";

/// @dev Answers `load` and `move` with something that depends on every argument.
contract EchoLedger {
    error Refused(uint256 length);

    uint256 public lastHash;

    function load(uint256[] calldata accounts) external pure returns (uint256[] memory words) {
        if (accounts.length > 64) revert Refused(accounts.length);
        words = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) words[i] = uint256(keccak256(abi.encode(accounts[i], i)));
    }

    function move(uint256[] calldata entries, uint32 residual, bool upTo) external returns (int256) {
        if (entries.length > 64) revert Refused(entries.length);
        lastHash = uint256(keccak256(abi.encode(entries, residual, upTo)));
        return -int256(lastHash >> 1);
    }
}

/// @notice Every assembly loop of the energy market against its plain twin.
contract EnergyLoopsTest is Test {
    EchoLedger private immutable LEDGER = new EchoLedger();
    uint256 private constant SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function testFuzz_recordIsReadLikeItsPlainTwin(
        uint32 account,
        uint16 nonce,
        uint8 count,
        bytes32 seed,
        bytes32 domain,
        uint256 key
    ) external view {
        count = uint8(bound(count, 1, 96));
        key = bound(key, 1, SECP256K1_N - 1);
        bytes memory steps = new bytes(uint256(count) * 6);
        for (uint256 i = 0; i < steps.length; ++i) steps[i] = bytes32(keccak256(abi.encode(seed, i)))[0];
        _checkRecord(abi.encodePacked(account, nonce), steps, domain, key);
        bytes32 hash = this.plainHash(account & 0x7fffffff, 77, nonce, steps);
        (, bytes32 got, ) = this.read(abi.encodePacked(account, nonce, steps, domain, domain), count, 77, domain);
        assertEq(uint256(got), uint256(hash), "struct hash");
    }

    function _checkRecord(bytes memory start, bytes memory steps, bytes32 domain, uint256 key) private view {
        uint256 count = steps.length / 6;
        (, bytes32 hash, ) = this.read(abi.encodePacked(start, steps, domain, domain), count, 77, domain);
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, hash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes32 vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
        (uint256 head, , address signer) = this.read(abi.encodePacked(start, steps, r, vs), count, 77, domain);
        assertEq(head, uint48(bytes6(start)), "head");
        assertEq(signer, vm.addr(key), "signer");
    }

    function testFuzz_anySignatureIsRecoveredAsDeviceSignaturesDoes(bytes32 seed, bytes32 r, bytes32 vs) external view {
        bytes memory steps = abi.encodePacked(bytes6(seed));
        bytes memory record = abi.encodePacked(uint32(9), uint16(1), steps, r, vs);
        (, bytes32 hash, address signer) = this.read(record, 1, 5, seed);
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", seed, hash));
        assertEq(signer, DeviceSignatures.recoverSecp256k1(digest, r, vs), "signer or zero");
    }

    function testFuzz_ledgerCallsEqualTheInterface(uint256[] calldata raw, uint32 residual, bool upTo) external {
        IEnergyAccounts ledger = IEnergyAccounts(address(LEDGER));
        uint256[] memory items = LedgerCalls.list(raw.length);
        for (uint256 i = 0; i < raw.length; ++i) items[i] = raw[i];
        if (raw.length > 64) {
            vm.expectRevert(abi.encodeWithSelector(EchoLedger.Refused.selector, raw.length));
            this.loadList(raw);
            return;
        }
        assertEq(abi.encode(LedgerCalls.load(ledger, items)), abi.encode(ledger.load(raw)), "load");
        int256 moved = LedgerCalls.move(ledger, items, residual, upTo);
        uint256 hash = LEDGER.lastHash();
        assertEq(moved, ledger.move(raw, residual, upTo), "residual");
        assertEq(hash, LEDGER.lastHash(), "arguments");
    }

    function test_ledgerCallsPassRevertsOn() external {
        uint256[] memory many = new uint256[](65);
        vm.expectRevert(abi.encodeWithSelector(EchoLedger.Refused.selector, 65));
        this.loadList(many);
        vm.expectRevert(abi.encodeWithSelector(EchoLedger.Refused.selector, 65));
        this.moveList(many);
    }

    function testFuzz_firstValueOverTheCapIsFoundLikeInThePlainTwin(bytes32 seed, uint32 cap) external view {
        cap = uint32(bound(cap, 0, type(uint32).max));
        bytes memory values = new bytes(384);
        for (uint256 i = 0; i < 384; ++i) values[i] = bytes32(keccak256(abi.encode(seed, i)))[0];
        (uint256 index, int256 value) = this.firstOver(values, cap);
        (uint256 plainIndex, int256 plainValue) = this.firstOverPlain(values, cap);
        assertEq(index, plainIndex, "index");
        if (index < 96) assertEq(value, plainValue, "value");
    }

    function testFuzz_deviationsNetToTheUnit(int32[8] calldata raw, int16 tick, uint16 spread) external pure {
        DeviationCell memory cell;
        cell.price = tick;
        cell.longPrice = int256(tick) - int256(uint256(spread));
        cell.shortPrice = int256(tick) + int256(uint256(spread));
        for (uint256 i = 0; i < 8; ++i) {
            if (raw[i] > 0) cell.longWh += uint256(int256(raw[i]));
            else cell.shortWh += uint256(-int256(raw[i]));
        }
        cell.nettedWh = cell.longWh < cell.shortWh ? cell.longWh : cell.shortWh;
        int256 paid = 0;
        DeviationCell[] memory cells = new DeviationCell[](1);
        cells[0] = abi.decode(abi.encode(cell), (DeviationCell));
        for (uint256 i = 0; i < 8; ++i) {
            int256 money = MeterValues.settle(cell, raw[i]);
            (int256 looped, uint256 outside) = _payOne(cells, raw[i]);
            assertEq(looped, money, "assembly twin");
            uint256 size = raw[i] < 0 ? uint256(-int256(raw[i])) : uint256(int256(raw[i]));
            assertEq(outside, size > 1_000 ? size - 1_000 : 0, "dead-band");
            paid += money;
        }
        int256 longRest = int256(cell.longWh - cell.nettedWh);
        int256 shortRest = int256(cell.shortWh - cell.nettedWh);
        assertEq(paid, longRest * cell.longPrice - shortRest * cell.shortPrice, "neighbours cancel, the rest is paid");
    }

    function testFuzz_chainOfPostsEqualsItsPlainTwin(uint256 head, uint32 account, uint48 step) external pure {
        assertEq(CurveOrders.chain(head, account, step), CurveOrders.chainPlain(head, account, step), "head");
    }

    function _payOne(DeviationCell[] memory cells, int256 deviation) private pure returns (int256, uint256) {
        uint256[] memory list = new uint256[](1);
        list[0] = uint256(deviation);
        uint256 place;
        assembly ("memory-safe") {
            place := add(list, 0x20)
        }
        return MeterValues.pay(cells, 0, 1, place, 1_000);
    }

    // --- calldata entrances ---

    function read(
        bytes calldata record,
        uint256 count,
        uint256 firstSlot,
        bytes32 domain
    ) external view returns (uint256, bytes32, address) {
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := record.offset
        }
        return CurveOrders.read(pointer, count, firstSlot, domain);
    }

    function plainHash(
        uint32 account,
        uint32 firstSlot,
        uint16 nonce,
        bytes calldata steps
    ) external pure returns (bytes32) {
        return CurveOrders.structHashPlain(account, firstSlot, nonce, steps);
    }

    function loadList(uint256[] calldata raw) external view returns (uint256[] memory) {
        uint256[] memory items = LedgerCalls.list(raw.length);
        for (uint256 i = 0; i < raw.length; ++i) items[i] = raw[i];
        return LedgerCalls.load(IEnergyAccounts(address(LEDGER)), items);
    }

    function moveList(uint256[] calldata raw) external returns (int256) {
        uint256[] memory items = LedgerCalls.list(raw.length);
        for (uint256 i = 0; i < raw.length; ++i) items[i] = raw[i];
        return LedgerCalls.move(IEnergyAccounts(address(LEDGER)), items, 1, false);
    }

    function firstOver(bytes calldata values, uint256 cap) external pure returns (uint256, int256) {
        return MeterValues.firstOver(values, cap);
    }

    function firstOverPlain(bytes calldata values, uint256 cap) external pure returns (uint256, int256) {
        return MeterValues.firstOverPlain(values, cap);
    }
}
